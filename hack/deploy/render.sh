#!/usr/bin/env bash
# Prints everything to install, with the image given as argument and, if REALM is set, the realm's name - without touching
# a file that Git knows.
set -euo pipefail
cd "$(dirname "$0")/../.."
image=${1:?usage: [REALM=name] render.sh IMAGE}
mkdir -p .cache
# One for each run: two at once would install each other's image, and under each other's name.
overlay=$(mktemp -d .cache/deploy.XXXXXX)
trap 'rm -rf "$overlay"' EXIT

name=$image
pin='newTag: latest'
if [[ $name == *@* ]]; then
  pin="digest: '${name#*@}'"
  name=${name%@*}
fi
# A colon after the last slash sets off a tag; an earlier one a port. A digest makes the tag superfluous.
if [[ ${name##*/} == *:* ]]; then
  [[ $pin == digest* ]] || pin="newTag: '${name##*:}'"
  name=${name%:*}
fi
resources=../../config/default
if [[ -n ${REALM:-} ]]; then
  if [[ ! $REALM =~ ^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$ ]]; then
    echo "REALM=$REALM is no realm name: lower-case letters, digits and dashes, at most 63, such as alice-home" >&2
    exit 2
  fi
  resources+=", realm.yaml"
  cat > "$overlay/realm.yaml" <<YAML
apiVersion: v1
kind: ConfigMap
metadata: { name: keystone-realm, namespace: keystone-system }
data: { name: "$REALM" }
YAML
fi
cat > "$overlay/kustomization.yaml" <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [$resources]
images: [{ name: keystone-operator, newName: '$name', $pin }]
YAML
"${KUBECTL:-kubectl}" kustomize "$overlay"
