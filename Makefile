# Two commands are all the set-up there is: `make up` and `make test`.
NODE := node_modules/.bin/node

.PHONY: up down test check install build bench clean

up: install ## a one-node cluster on this machine, and a kubectl context for it
	@./skiff up

down: ## stop it
	@./skiff down

test: install ## everything that can be checked here; ends with "N passed, N failed, N skipped"
	@$(NODE) scripts/test.ts

check: install ## types, lint and the import rule only
	@$(NODE) scripts/check.ts

build: install
	@$(NODE) scripts/build.ts

bench: install
	@$(NODE) bench/run.ts

install:
	@sh scripts/install.sh

clean:
	rm -rf dist node_modules
