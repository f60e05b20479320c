# Tools are installed into .tools, in these versions and no others. Go, make and Python 3 are all that must be there.
GOLANGCI_LINT := v2.12.2
CFN_LINT      := 1.58.0
SAM           := 1.170.0
CHECKOV       := 3.3.30
MINISTACK     := 1.5.33
CBOR2         := 6.3.0
# Version 2 of the AWS CLI isn't on PyPI; version 1 has the same commands but for --cli-binary-format.
AWS_CLI       := 1.46.3
# MiniStack reads SAM templates with it; the same as SAM's own.
TRANSLATOR    := 1.115.0

# What the functions are built for: arm64, or x86_64 (then deploy with Architecture=x86_64).
ARCH ?= arm64

export SAM_CLI_TELEMETRY  := 0
export AWS_DEFAULT_REGION ?= us-east-1

tools := $(CURDIR)/.tools
lint  := $(tools)/golangci-lint-$(GOLANGCI_LINT)
venv  := $(tools)/venv-cfn-lint-$(CFN_LINT)-sam-$(SAM)
check := $(tools)/venv-checkov-$(CHECKOV)
cloud := $(tools)/venv-ministack-$(MINISTACK)-aws-$(AWS_CLI)
code  := $(wildcard functions shared tests)

# A folder is there as soon as something is in it. What says that it is complete is a file, written last: what was
# interrupted at any moment has none, and is made anew.
done  := complete
built := .aws-sam/complete

# This machine's processor, in SAM's words: the emulator runs the functions here.
HOST := $(if $(filter arm64,$(shell go env GOHOSTARCH)),arm64,x86_64)

# The race detector needs a C compiler.
race := $(shell command -v "$$(go env CC)" >/dev/null 2>&1 && echo -race)

# SAM's Go builder passes no flags: they come by the environment. norpc and nethttpomithttp2 leave out what provided.al2023
# and the clients of AWS don't use. The SDK's clients are built for size; the protocol, TLS and JSON for speed.
build := CGO_ENABLED=0 GOFLAGS='-buildvcs=false -trimpath -tags=lambda.norpc,nethttpomithttp2 "-ldflags=-s -w" -gcflags=github.com/aws/aws-sdk-go-v2/service/...=-l'

# The most that a function may have, in MB as Lambda counts them (2^20 bytes), and why.
largest_arm64  := 12
largest_x86_64 := 13
why_arm64      := every cold start loads all of it
why_x86_64     := every cold start loads all of it; the same code is about 0.8 MB larger than for arm64
comma          := ,

.DEFAULT_GOAL := help
.PHONY: help test test-raced test-simulations test-plain scale sim pairs mutants demo pictures lint build sizes release local local-check e2e commands clean

# A variable that isn't what it should be ends make in one line, before anything runs:
# $(call whole,SEED) a whole number from 1 on, $(call one,BREAK,drain) one of these words; or left out.
digits := 0 1 2 3 4 5 6 7 8 9
rest    = $(if $2,$(call rest,$(subst $(firstword $2),,$1),$(wordlist 2,10,$2)),$1)
whole   = $(if $(call rest,$(subst $() ,x,$($1)),$(digits))$(filter 0,$($1)),$(call wrong,$1,a whole number from 1 on))
one     = $(if $($1),$(if $(and $(filter 1,$(words $($1))),$(filter $($1),$2)),,$(call wrong,$1,$(subst $() , or ,$2))))
wrong   = $(error $1 is "$($1)"; it must be $2)

# asked before the tools are installed, and only where it matters: others have a variable of this name
$(if $(filter build,$(MAKECMDGOALS)),$(call one,ARCH,arm64 x86_64))

$(if $(filter release,$(MAKECMDGOALS)),$(if $(BUCKET),,$(error BUCKET is missing; give an S3 bucket of yours that serverlessrepo.amazonaws.com may read)))

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The simulations of runs and of reports let one invocation go on at a time, so the race detector finds nothing in them, and makes
# them ten times as slow: they run without it, beside all else. Those of whole nights (tests/sim/stories) run with it as well,
# and so do the storms, a sample of them. They make much garbage and keep little: collecting it less often saves a fifth of their
# time.
test: ## Run all tests, with the race detector where there is a C compiler; three minutes
	@echo "Tests: compiled first; from then on each package is told as it ends, and every ten seconds what is under way."
	@$(MAKE) --no-print-directory -j2 $(if $(race),test-raced test-simulations,test-plain)

test-raced:
	@GOGC=400 CGO_ENABLED=1 go run ./tests/runner -name raced -race $$(go list ./... | grep -Ev '/tests/sim/(rolling|patch)$$')

test-simulations:
	@GOGC=400 go run ./tests/runner -name simulations ./tests/sim/... ./tests/storm/...

test-plain:
	@GOGC=400 CGO_ENABLED=0 go run ./tests/runner -name plain ./...

scale: ## Compare a run of 10,000 instances with one of 100, and show what an instance costs
	go test -count=1 -v -run 'TestR10' ./tests/sim/rolling

sim: ## Run thousands of storms, all cores; SEED=n replays one, SEEDS=n says how many
	$(call whole,SEED)$(call whole,SEEDS)$(call whole,FIRST)go run ./tests/storm/cmd $(if $(SEED),-seed $(SEED),-seeds $(or $(SEEDS),20000) $(if $(FIRST),-first $(FIRST)))

pairs: ## Try all that can go wrong once in a small run, and a crash after every two effects
	go run ./tests/storm/cmd -pairs

mutants: ## Plant bugs one at a time, and see each found by the storms; ONLY='regexp' chooses, UPDATE=1 remembers what has found them
	go run ./tests/mutants$(if $(ONLY), -only '$(ONLY)')$(if $(UPDATE), -update)

demo: ## Report a fleet's patches and reboot it on this machine, under load; a minute; BREAK=drain shows what happens without draining
	$(call one,BREAK,drain)$(call whole,SEED)@go run ./tests/demo $(if $(BREAK),-break $(BREAK)) $(if $(SEED),-seed $(SEED))

pictures: ## Record a run of the demo, and draw the README's pictures into docs/; a minute
	go run ./tests/demo -record tests/pictures/testdata/demo.json
	go run ./tests/pictures

lint: $(lint) $(venv)/$(done) $(check)/$(done) ## Check formatting, modules, code and template; installs its tools first
	@unformatted=$$(gofmt -l $(code)); if [ -n "$$unformatted" ]; then echo "gofmt -w $$unformatted"; exit 1; fi
	go vet -tags calls,e2e ./...
	go mod tidy -diff
	$(lint) run
	go test -tags calls -run TestPermissionsAreCalls ./tests/template
	$(venv)/bin/cfn-lint template.yaml
	$(venv)/bin/sam validate --lint
	$(venv)/bin/python tests/template/sam.py samconfig samconfig.toml
	@# what SAM makes of the template is looked at as well: many of the rules pass over its own resources
	$(venv)/bin/python tests/template/sam.py translate template.yaml > $(tools)/translated.json
	$(venv)/bin/cfn-lint $(tools)/translated.json
	@# it finds all that it can: what of that is accepted, for which resource and why, stands in a file of ours
	BC_SKIP_MAPPING=TRUE $(check)/bin/checkov --file template.yaml --framework cloudformation --soft-fail --output json > $(tools)/checkov.json
	go run ./tests/template/checkov tests/template/checkov/accepted.yaml $(tools)/checkov.json
	go run ./tests/docs/try -account > $(tools)/account.jsonl
	$(venv)/bin/python tests/docs/options.py < $(tools)/account.jsonl

# sam empties its folder before it builds; without a template there, sam deploy would take the source. So it builds beside it.
build: $(venv)/$(done) ## Build every function as it is deployed; two minutes, four the first time; ARCH=x86_64 for the other processor
	@# sam says "directory not found" to a compile error, and shares no cache between parallel cold builds
	$(build) GOOS=linux GOARCH=$(ARCH:x86_64=amd64) go build ./functions/...
	rm -rf .aws-sam/new .aws-sam/build.toml
	$(build) $(venv)/bin/sam build --build-dir .aws-sam/new --parameter-overrides Architecture=$(ARCH)
	rm -rf $(built) .aws-sam/build
	mv .aws-sam/new .aws-sam/build
	echo $(ARCH) >.aws-sam/arch && mv .aws-sam/arch $(built)
	@$(MAKE) --no-print-directory sizes
	@echo "built: sam deploy$(if $(filter x86_64,$(ARCH)),$(comma) with the parameter Architecture=x86_64)"

sizes: arch = $(shell cat $(built))
sizes: $(built) ## Show the sizes of what was built; fail if one is above the limit
	@wc -c .aws-sam/build/*/bootstrap | awk -v most=$(largest_$(arch)) -F '[ /]+' \
		'/bootstrap/ { mb = $$(NF-4) / 2^20; printf "%-18s %5.2f MB of %d\n", $$(NF-1), mb, most; if (mb > most) big = 1 } \
		END { print "$(arch): $(why_$(arch))"; if (big) { print "the limit is " most " MB"; exit 1 } }'

# A release is what the change log describes: its version has a part there before anything is built.
release: $(venv)/$(done) ## Build for the AWS Serverless Application Repository, upload to BUCKET, and say how to publish
	@version=$$(awk '$$1 == "SemanticVersion:" { print $$2 }' template.yaml); grep -qF "## [$$version]" CHANGELOG.md || \
		{ echo "CHANGELOG.md has no part [$$version], the SemanticVersion of template.yaml:" \
			"put the line \"## [$$version]\" below \"## [Unreleased]\", above what is released, and commit it"; exit 1; }
	@$(MAKE) --no-print-directory build
	$(venv)/bin/sam package --template-file .aws-sam/build/template.yaml --s3-bucket '$(BUCKET)' --output-template-file packaged.yaml
	@echo "packaged: sam publish --template packaged.yaml"

$(built):
	@echo "nothing was built, or not to the end: make build"; exit 1

# Built for this machine, once for all that run the functions here. Folders are sources as well: a file may be deleted.
here    := .aws-sam/here
sources := $(shell find functions shared 2>/dev/null) $(wildcard go.mod go.sum template.yaml)
bench    = -sam $(venv)/bin/sam -built $(here)

$(here)/$(done): $(sources) | $(venv)/$(done)
	$(build) GOOS=linux GOARCH=$(HOST:x86_64=amd64) go build ./functions/...
	rm -rf $@ .aws-sam/build.toml
	$(build) $(venv)/bin/sam build --build-dir $(here) --parameter-overrides Architecture=$(HOST)
	touch $@

# What is missing is said before minutes are spent on building.
local: ## Let sam local invoke run the functions on an emulator; STACK=name CONFIRM=account: on a deployed stack; Linux, Docker
	@go run ./tests/cloud/local -before $(if $(STACK),-stack '$(STACK)' -confirm '$(CONFIRM)')
	@$(MAKE) --no-print-directory $(if $(STACK),,$(cloud)/$(done)) $(here)/$(done)
	@go run ./tests/cloud/local $(bench) $(if $(STACK),-stack '$(STACK)' -confirm '$(CONFIRM)',-ministack $(cloud)/bin/ministack)

local-check: $(cloud)/$(done) $(here)/$(done) ## Invoke every file in events/ by sam local invoke, and compare answers and effects; five minutes
	.ci/docker with go run ./tests/cloud/local $(bench) -ministack $(cloud)/bin/ministack -check

e2e: $(cloud)/$(done) $(here)/$(done) ## Deploy onto an emulator of AWS, and reboot three fleets there while things go wrong; Linux, ten minutes, 15 the first time
	go run ./tests/cloud -ministack $(cloud)/bin/ministack -aws $(cloud)/bin/aws $(bench) $(if $(LOGS),-logs $(LOGS))

commands: ## Run the commands of README.md and docs/ that need no account, as written, in a clean clone of what is committed
	go run ./tests/docs/try -tools $(tools)

clean: ## Remove what was built and installed here
	rm -rf .aws-sam .tools

$(lint):
	@echo "Compiles golangci-lint into .tools, once: two or three minutes."
	GOBIN=$(tools) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
	mv $(tools)/golangci-lint $@

# install makes the virtual environment that the target says is complete, with the given packages in it.
define install
	@echo "Installs $(1) by pip into .tools, once: two or three minutes."
	rm -rf $(@D)
	python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check $(1)
	touch $@
endef

$(venv)/$(done):
	$(call install,cfn-lint==$(CFN_LINT) aws-sam-cli==$(SAM))

$(check)/$(done):
	$(call install,checkov==$(CHECKOV))

$(cloud)/$(done):
	$(call install,ministack==$(MINISTACK) cbor2==$(CBOR2) aws-sam-translator==$(TRANSLATOR) awscli==$(AWS_CLI))
