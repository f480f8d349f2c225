# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

KIND := kubectl --context kind-berth

# Where tests start a real control plane.
REAL := $(addprefix tests/,sandbox cluster certs controller extender webhook manifests berth demo rights chaos schedulers)

.PHONY: help demo test check manifests controlplane soak faults churn churn-classes bench bench-replay bench-fragmentation plot fuzz lock licences sbom audit image kind clean

help: ## What can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-20s %s\n", $$1, $$2}'

# The virtual environment is made anew when the lock file or the project's own definition changes.
.venv/ready: requirements-dev.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not there: set PYTHON to a Python of 3.11 or later"; exit 1; }
	@echo "Setting up .venv with $$($(PYTHON) --version) (a minute when nothing is cached)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Berth needs Python 3.11 or later: set PYTHON=python3.11 or newer")'
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

controlplane: .venv/ready ## Build etcd, Kubernetes, kwok, Karpenter, Helm, promtool and cert-manager once into the user's cache
	@$(BIN)/python -m sandbox build

demo: .venv/ready ## Tell the story on a real control plane; KEEP=1 leaves it running
	@$(BIN)/python -m sandbox build-control-plane
	@$(BIN)/python -m demo $(if $(KEEP),--keep)

check: .venv/ready ## Lint, types, layers and budgets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.budgets
	$(BIN)/hadolint Dockerfile

test: check controlplane ## Everything that CI runs, the tests by two WORKERS
	$(BIN)/pytest --numprocesses=$(or $(WORKERS),2) --dist=loadfile

soak: soak-1.34 soak-1.37 soak-image churn faults ## What takes long: tests and long storms on the oldest and the newest Kubernetes, an hour of churn: 3 hours

soak-%: .venv/ready
	@BERTH_SANDBOX_KUBERNETES=$* $(BIN)/python -m sandbox build
	@BERTH_SOAK=1 BERTH_SANDBOX_KUBERNETES=$* $(BIN)/pytest $(REAL)

soak-image: controlplane ## As root, with buildah and debootstrap: build the image twice, compare, and run its programs: 5 minutes
	@BERTH_SOAK=1 $(BIN)/pytest tests/image

faults: controlplane ## Every fault of docs/faults.md while 10,000 pods are created, and 1,000,000 fuzzed requests to every endpoint: an hour
	@BERTH_SOAK=1 $(BIN)/pytest tests/faults -o junit_family=xunit1 --junitxml=build/faults.xml

churn: controlplane ## Whether the extender's memory is flat while 72,000 pods come and go: 26 minutes
	@$(BIN)/python -m bench.churn

churn-classes: controlplane ## How late the status of classes is right while 5,000 nodes change for MINUTES (60), 20 times a second
	@$(BIN)/python -m bench.controller --minutes $(or $(MINUTES),60)

bench: controlplane ## Benchmarks, each beside its floor or peer: 25 minutes, or parts of them: ONLY=verbs,state
	@$(BIN)/python -m bench --only "$(ONLY)"

bench-replay: controlplane ## Play the public trace (../shared/traces) through a real kube-scheduler with and without Berth: 15 minutes
	@$(BIN)/python -m bench.replay

bench-fragmentation: .venv/ready ## Replay the public traces (../shared/traces) by every policy, beside what was published: 3 minutes
	@$(BIN)/python -m bench.fragmentation

plot: .venv/ready ## Draw docs/fragmentation.svg from the public traces (../shared/traces): a minute
	@$(BIN)/python -m bench.fragmentation --plot docs/fragmentation.svg

fuzz: .venv/ready ## Ask the whole webhook about COUNT (200000) generated and damaged reviews; SEED chooses which
	@$(BIN)/python -m tests.fuzz --count $(or $(COUNT),200000) --seed $(or $(SEED),1)

lock: .venv/ready ## Resolve the dependencies anew into the lock files
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade --quiet -o requirements.lock
	echo 'setuptools>=80' | $(BIN)/uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade --quiet -o requirements-build.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade --quiet -o requirements-dev.lock

licences: .venv/ready ## Renew docs/licences.md from the lock files; fail on a licence that is not accepted
	@$(BIN)/python -m supply licences

sbom: .venv/ready ## Write the bill of materials of the image's packages (CycloneDX) into dist/
	@$(BIN)/python -m supply sbom dist/berth.cdx.json

audit: .venv/ready ## What is known against the pinned versions, by ADVISORIES: a folder or zip archive in OSV's format
	@$(BIN)/python -m supply audit $(ADVISORIES:%="%")

image: ## Build the image berth:0.1.0 with Docker, or with BUILDER=buildah, from BASE (python:3.13-slim)
	$(or $(BUILDER),docker) build --build-arg BASE=$(or $(BASE),python:3.13-slim) --build-arg REVISION=$$(git describe --always --dirty --abbrev=12) --tag berth:0.1.0 .

kind: image ## For people who have Docker: the image, a kind cluster with made-up GPUs, Berth in it, and two engines placed
	kind get clusters | grep -qx berth || kind create cluster --config manifests/kind/cluster.yaml
	kind load docker-image berth:0.1.0 --name berth
	manifests/kind/devices.sh $(KIND)
	$(KIND) apply --server-side -k manifests/base
	$(KIND) wait --for=condition=Established --timeout=1m crd/acceleratorclasses.ome.io crd/acceleratorprofiles.berth.ome.io
	$(KIND) rollout status --namespace berth-system deployment --timeout 3m
	$(KIND) apply --server-side -f manifests/examples/classes.yaml -f manifests/examples/profile.yaml -f manifests/kind/engines.yaml
	$(KIND) rollout status --namespace inference deployment --timeout 3m
	$(KIND) get pods --namespace inference --output wide --label-columns berth.ome.io/accelerator-class
	@echo "kubectl --context kind-berth is your cluster; kind delete cluster --name berth removes it"

manifests: .venv/ready ## Make manifests/base and the schema of the chart's values of manifests/chart and the programs' settings
	@$(BIN)/python -m sandbox build-helm
	@$(BIN)/python -m tests.manifests.generated

clean: ## Remove .venv and caches of the project folder (the control plane's cache stays)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
