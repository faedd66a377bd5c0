# The verbs of a contributor. Each one first makes .venv, if it is missing or older than what it is made from.
# Pass more to a verb with ARGS, e.g. `make test ARGS="-k recall -x"`; name the interpreter with PYTHON=python3.12.

VENV    := .venv
BIN     := $(VENV)/bin
PY      := $(BIN)/python
STAMP   := $(VENV)/.installed
RELEASE := $(VENV)/.release
PIP     := $(PY) -m pip --quiet --disable-pip-version-check
RUN     := $(PY) -m chatd.demo
PYTHONS := $(if $(PYTHON),$(PYTHON),python3 python3.12 python3.11 python3.13 python3.14 python)
# Not empty where people read Chinese (POSIX: LC_ALL over LC_MESSAGES over LANG).
ZH      := $(filter zh% Zh% ZH%,$(firstword $(LC_ALL) $(LC_MESSAGES) $(LANG)))

.DEFAULT_GOAL := help
.PHONY: help run test check fmt bench chaos docs docs-links dist sbom audit venv
.SUFFIXES:

help: ## list the verbs ## 列出这些命令
	@awk -F ' ## ' '/^[a-z-]+:.* ## / { sub(/:.*/, "", $$1); printf "make %-10s %s\n", $$1, $$$(if $(ZH),3,2) }' $(firstword $(MAKEFILE_LIST))

run: $(STAMP) ## start a server with a small demo community ## 启动一个小小的演示社区
	@$(RUN) $(ARGS)

# Files go to one process more than there are cores, for tests also wait, but to four at most; each starts a PostgreSQL
# of its own. They go in the order of tests/conftest.py, which begins with the long ones: so no process ends long before
# another.
test: check ## the checks, then every test ## 先检查，再跑全部测试
	$(PY) -m pytest --numprocesses=$$($(PY) -c 'import os; print(min(4, 1 + (os.cpu_count() or 1)))') \
	    --dist=loadfile --no-loadscope-reorder $(ARGS)

check: $(STAMP) ## lint, format, types and import rules; changes nothing ## 检查写法、格式、类型和导入规则，不改任何文件
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(PY) -m mypy
	$(BIN)/lint-imports --no-logo

fmt: $(STAMP) ## format the code and mend what the linter can mend by itself ## 格式化代码，能自动修的都修好
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## measure speed and size; prints figures ## 测速度和体积，打印数字
	$(PY) -m bench $(ARGS)

chaos: $(STAMP) ## kill the server again and again and check that nothing is lost (long) ## 反复杀掉服务器，检查什么都没丢（很久）
	$(PY) -m tests.chaos $(ARGS)

docs: $(STAMP) ## build the documents in both languages; any warning fails ## 构建两种语言的文档，有警告即失败
	$(PY) -m docs $(ARGS)

docs-links: $(STAMP) ## ask for every address outside that the documents name (needs a network) ## 检查文档里的外部链接（需要网络）
	$(PY) -m docs --links $(ARGS)

dist: $(STAMP) ## build wheel and sdist of the server and of the SDK into dist/ ## 把服务器和 SDK 的 wheel 和 sdist 构建到 dist/
	$(PY) deploy/dist.py

sbom: $(RELEASE) dist ## write dist/chatd.cdx.json: everything that an installed chatd consists of (CycloneDX) ## 生成 dist/chatd.cdx.json：安装后的 chatd 由哪些部分组成（CycloneDX）
	$(PY) deploy/sbom.py

audit: $(RELEASE) ## ask the advisory database about the libraries that are pinned (needs a network) ## 向漏洞库查询锁定版本的依赖（需要网络）
	$(PY) -m pip_audit --strict --no-deps --disable-pip -r constraints.txt --progress-spinner off $(ARGS)

venv: $(STAMP) ## only make .venv ## 只准备 .venv
	@echo "$(if $(ZH),$(VENV) 已就绪,$(VENV) is ready)"

# What a release is made with. Kept apart: whoever changes the code needs none of it.
$(RELEASE): $(STAMP)
	@echo "$(if $(ZH),正在安装发布所需的工具,installing what a release is made with)"
	@$(PIP) install -c constraints.txt --no-build-isolation -e '.[dev,release]'
	@touch $@

# `python3.12` may exist and not run (a version manager's shim), so each candidate is asked, not looked for.
# The build back end comes first, pinned as well, so that nothing is fetched outside constraints.txt.
$(STAMP): pyproject.toml constraints.txt
	@set -eu; \
	if ! $(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    found=; \
	    for candidate in $(PYTHONS); do \
	        if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	            found=$$candidate; break; \
	        fi; \
	    done; \
	    if [ -z "$$found" ]; then \
	        echo "$(if $(ZH),chatd 需要 Python 3.11 或更新版本，这些都不是：$(PYTHONS)。,chatd needs Python 3.11 or newer, and none of these is one: $(PYTHONS).)" >&2; \
	        echo "$(if $(ZH),请安装，或指明位置：make PYTHON=/path/to/python3.11 $(MAKECMDGOALS),Install it, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS))" >&2; \
	        exit 1; \
	    fi; \
	    echo "$(if $(ZH),正在用 $$($$found -V) 创建 $(VENV),making $(VENV) with $$($$found -V))"; \
	    $$found -m venv --clear $(VENV) || { \
	        echo "$(if $(ZH),$$found 无法创建虚拟环境；在 Debian 和 Ubuntu 上：apt-get install python3-venv,$$found cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv)" >&2; \
	        exit 1; \
	    }; \
	fi
	@echo "$(if $(ZH),正在把 chatd 和工具装进 $(VENV)（首次约一分钟）,installing chatd and its tools into $(VENV) (about a minute the first time))"
	@$(PIP) install -c constraints.txt hatchling
	@$(PIP) install -c constraints.txt --no-build-isolation -e '.[dev]'
	@touch $@
