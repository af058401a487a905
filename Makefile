# Targets carry kubebuilder's names. Everything a target needs is set up by the target itself; the only things expected on
# the machine are make, git, Node with npm, and - where containers or a control plane are involved - Go and Docker.

SHELL := /usr/bin/env bash -o pipefail -e
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

# The image to build and deploy; BUILDER and RUNTIME replace the base images of its two stages.
IMG ?= keystone-operator:dev
BUILDER ?=
RUNTIME ?=
# The realm's name for `make deploy`; only the very first start looks at it.
REALM ?=
export REALM

# Sources run as they are, on the Node that package.json pins; npm itself runs on the machine's.
SYSTEM_PATH := $(PATH)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
NODE := node_modules/.bin/node

# What Node has once made of our sources and libraries, which is half of the work of starting a program; tests start many.
export NODE_COMPILE_CACHE := $(CURDIR)/.cache/node

# kubectl of the machine if there is one, else the one built from source into bin/.
KUBECTL ?= $(or $(shell PATH="$(PATH)" command -v kubectl),bin/kubectl)
KUBECTL_READY := $(filter bin/kubectl,$(KUBECTL))

# `make run KUBECONFIG=path` and friends; unset means what kubectl takes it to mean.
ifdef KUBECONFIG
export KUBECONFIG
endif

step = @printf '\033[1m• %s\033[0m\n' '$(1)'

##@ General

.PHONY: help
help: ## Show this list.
	@awk 'BEGIN {FS = ":.*##"; printf "Usage: make \033[36m<target>\033[0m\n"} \
	  /^[a-zA-Z0-9_-]+:.*?##/ { printf "  \033[36m%-18s\033[0m %s\n", $$1, $$2 } \
	  /^##@/ { printf "\n\033[1m%s\033[0m\n", substr($$0, 5) }' $(MAKEFILE_LIST)

# npm writes this file last, whether by install or by ci.
node_modules/.package-lock.json: package-lock.json
	$(call step,Installing the pinned tools and libraries)
	@mkdir -p .cache
	@# One after the other: a second one would take away what the first has just put there.
	@flock .cache/npm.lock sh -c '[ $@ -nt $< ] || { PATH="$(SYSTEM_PATH)" npm ci --no-progress --loglevel=error && touch $@; }'

bin/kubectl: | node_modules/.package-lock.json
	$(call step,Building kubectl from source (once))
	$(NODE) hack/testbed/build.ts kubectl

##@ Development

.PHONY: manifests
manifests: node_modules/.package-lock.json ## Generate CRDs, RBAC, policies and the pages per kind from the code.
	$(call step,Generating manifests)
	$(NODE) hack/manifests/generate.ts

.PHONY: generate
generate: manifests ## Generate everything that is generated.

.PHONY: fmt
fmt: node_modules/.package-lock.json ## Format the code.
	$(call step,Formatting)
	node_modules/.bin/oxfmt

.PHONY: lint
lint: node_modules/.package-lock.json ## Lint with type information.
	$(call step,Linting)
	node_modules/.bin/oxlint

.PHONY: lint-fix
lint-fix: node_modules/.package-lock.json ## Lint and repair what can be repaired without changing meaning.
	$(call step,Linting and repairing)
	node_modules/.bin/oxlint --fix

.PHONY: lint-api
lint-api: node_modules/.package-lock.json ## Check the kinds against Kubernetes API conventions.
	$(call step,Checking the API)
	$(NODE) hack/manifests/lint.ts

.PHONY: typecheck
typecheck: node_modules/.package-lock.json ## Check types of the whole tree.
	$(call step,Checking types)
	node_modules/.bin/tsc

.PHONY: vet
vet: typecheck ## Same as typecheck.

.PHONY: verify
verify: node_modules/.package-lock.json ## Prove that generated files, format, lint, types and doors are in order and the tree stays clean.
	$(NODE) hack/verify/verify.ts

##@ Test

.PHONY: test
test: typecheck ## Run everything that must hold on every change; ends with "N passed, N failed".
	$(NODE) hack/verify/test.ts unit integration alone e2e

.PHONY: test-unit
test-unit: node_modules/.package-lock.json ## Run the unit tests, which stand beside the code.
	$(NODE) hack/verify/test.ts unit

.PHONY: test-integration
test-integration: node_modules/.package-lock.json ## Run our controllers against a real API server.
	$(NODE) hack/verify/test.ts integration alone

.PHONY: test-e2e
test-e2e: node_modules/.package-lock.json ## Run what needs real nodes, networks and storage.
	$(NODE) hack/verify/test.ts e2e

.PHONY: flux
flux: node_modules/.package-lock.json ## Build Flux, without which make test skips the tests of GitOps.
	$(NODE) hack/testbed/build.ts flux

.PHONY: test-full
test-full: typecheck ## Run everything, including what takes minutes of waiting.
	TEST_FULL=1 $(NODE) hack/verify/test.ts unit integration alone e2e

# `make bench N=200 COLD=2000 ROUNDS=1 WORKERS=4` takes a minute or two; PUBLISH=1 puts the tables into docs/benchmarks.md.
N ?= 2000
COLD ?= 50000
ROUNDS ?= 5
WORKERS ?= 1,4,16
PUBLISH ?=

.PHONY: bench
bench: node_modules/.package-lock.json ## Measure our engine beside Go's controller-runtime, on one API server, in turns.
	$(NODE) test/bench/bench.ts --objects=$(N) --cold=$(COLD) --rounds=$(ROUNDS) --workers=$(WORKERS) $(if $(PUBLISH),--publish)

.PHONY: bench-webhooks
bench-webhooks: node_modules/.package-lock.json ## Measure what our webhook adds to a write, beside none and beside one that decides nothing.
	$(NODE) test/bench/webhook.ts

.PHONY: bench-realms
bench-realms: node_modules/.package-lock.json ## Measure what realms cost: twenty in a row, then three at once.
	$(NODE) test/bench/realms.ts

##@ Build

.PHONY: build
build: node_modules/.package-lock.json ## Compile to dist/.
	$(call step,Compiling to dist/)
	@rm -rf dist/api dist/controllers dist/webhooks
	node_modules/.bin/tsc -p tsconfig.build.json

.PHONY: run
run: node_modules/.package-lock.json ## Run the operator from source against the current context; ARGS='--flag=value'.
	$(call step,Running the operator from source (Ctrl-C ends it))
	@exec $(NODE) controllers/main.ts $(ARGS)

.PHONY: docker-build
docker-build: node_modules/.package-lock.json ## Build the image IMG; local base images stand in where none can be pulled.
	$(NODE) hack/image/build.ts --img=$(IMG) --builder=$(BUILDER) --runtime=$(RUNTIME)

.PHONY: build-installer
build-installer: manifests $(KUBECTL_READY) ## Write dist/install.yaml, everything in one file, with the image IMG.
	$(call step,Writing dist/install.yaml)
	@mkdir -p dist
	KUBECTL=$(KUBECTL) hack/deploy/render.sh $(IMG) > dist/install.yaml

##@ Deployment

.PHONY: install
install: $(KUBECTL_READY) ## Install the CRDs, the policies and the operator's namespace into the current context.
	$(call step,Installing CRDs and policies)
	$(KUBECTL) apply --server-side -f config/manager/namespace.yaml
	$(KUBECTL) apply --server-side -k config/crd
	$(KUBECTL) apply --server-side -k config/policies

.PHONY: uninstall
uninstall: node_modules/.package-lock.json $(KUBECTL_READY) ## Remove the policies, all objects of our kinds and the CRDs.
	$(NODE) hack/deploy/remove.ts --kubectl=$(KUBECTL) $(if $(FORCE),--force)

.PHONY: deploy
deploy: $(KUBECTL_READY) ## Install everything, with the image IMG, and wait until the operator is ready.
	$(call step,Deploying $(IMG))
	KUBECTL=$(KUBECTL) hack/deploy/render.sh $(IMG) | $(KUBECTL) apply --server-side -f -
	$(KUBECTL) -n keystone-system rollout status deployment/keystone-operator --timeout=180s

.PHONY: undeploy
undeploy: node_modules/.package-lock.json $(KUBECTL_READY) ## Remove everything: objects first while the operator runs, CRDs last.
	$(NODE) hack/deploy/remove.ts --kubectl=$(KUBECTL) --operator $(if $(FORCE),--force)

##@ Try it

.PHONY: demo
demo: node_modules/.package-lock.json ## Start a control plane and the operator on this machine and show the main job.
	$(NODE) hack/demo.ts up

.PHONY: demo-down
demo-down: node_modules/.package-lock.json ## End the demo and remove what it made.
	$(NODE) hack/demo.ts down

NODES ?= 1

.PHONY: realm
realm: node_modules/.package-lock.json ## Start N realms on this machine, each of NODES nodes with network and storage (N=1 NODES=1).
	$(NODE) hack/realm.ts up $(if $(filter file,$(origin N)),1,$(N)) $(NODES)

.PHONY: realms-down
realms-down: node_modules/.package-lock.json ## End the realms of `make realm` and remove what they made.
	$(NODE) hack/realm.ts down

.PHONY: tour
tour: node_modules/.package-lock.json ## Run the README's tour, which ends the demo.
	hack/verify/tour.sh
