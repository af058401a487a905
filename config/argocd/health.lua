-- The health of every kind of this project, for Argo CD: all of them carry the same conditions.
local function condition(wanted)
  for _, found in ipairs(obj.status and obj.status.conditions or {}) do
    if found.type == wanted then
      return found
    end
  end
end

-- What its owner asked to rest: in force as asked, and not in use.
local resting = { Cordoned = true, NotYetValid = true }

if obj.metadata.deletionTimestamp ~= nil then
  return { status = "Progressing", message = "Being deleted" }
end

local stalled = condition("Stalled")
if stalled ~= nil and stalled.status == "True" then
  return { status = "Degraded", message = stalled.message }
end

local reconciling = condition("Reconciling")
if reconciling ~= nil and reconciling.status == "True" then
  return { status = "Progressing", message = reconciling.message }
end

local ready = condition("Ready")
if ready == nil or (ready.observedGeneration or 0) < (obj.metadata.generation or 0) then
  return { status = "Progressing", message = "The operator has not seen it yet" }
end
if ready.status ~= "True" then
  return { status = "Degraded", message = ready.message }
end
if resting[ready.reason] then
  return { status = "Suspended", message = ready.message }
end
return { status = "Healthy", message = ready.message }
