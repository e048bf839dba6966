# make run      set up and open the window on the first camera (ARGS="--video clip.mp4" and so on)
# make serve    set up and serve the web page and the endpoint (ARGS="--identify" and so on)
# make scan     set up and scan footage (ARGS="FOLDER" and so on)
# make test     set up and run the tests
# make web-test      the web page in a headless Chromium, and many requests to the endpoint
# make test-faults   what takes minutes: the faults at length, whole trainings
# make check    formatting, lint, types, import rules
# make hooks    have `make check` run before each commit
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/pip install --quiet --disable-pip-version-check
ARGS ?=
QUICK := -m "not shared and not long"

.PHONY: run serve scan test web-test test-faults test-shared check hooks system clean

run: $(VENV)/run.done
	$(VENV)/bin/python main.py $(ARGS)

serve: $(VENV)/web.done
	$(VENV)/bin/python main.py serve $(ARGS)

scan: $(VENV)/scan.done
	$(VENV)/bin/python main.py scan $(ARGS)

test: $(VENV)/dev.done
	@$(VENV)/bin/python -m pytest -n 3 --dist loadfile -rs $(QUICK) || { \
	  echo "Once more, one after the other, what failed (a slow machine may be to blame; what fails twice has failed):"; \
	  $(VENV)/bin/python -m pytest -rs $(QUICK) --last-failed --last-failed-no-failures none; }

# What takes minutes: every fault at length (fifty kills, a hundred thousand frames, half a minute of fuzzing), whole trainings.
test-faults: $(VENV)/dev.done
	$(VENV)/bin/python -m pytest -m "long and not shared"

# What cannot be had here (a browser, axe-core) is said, and its tests are skipped.
web-test: $(VENV)/web-test.done
	@sh .ci/web-test-libs
	$(VENV)/bin/python -m pytest tests/web -rs -m "long or not long"

# Checks on the pictures in ../shared, which a clone does not have; the long ones by `pytest -m "shared and long"`.
test-shared: $(VENV)/dev.done
	@if [ -d ../shared/data ]; then \
	  [ -d weights ] || $(VENV)/bin/python ../shared/weights/get_weights.py weights >/dev/null 2>&1 || \
	    echo "the pretrained weights could not be fetched: the checks that need them are skipped"; \
	  $(VENV)/bin/python -m pytest -m "shared and not long"; \
	else echo "skipped: the checks marked 'shared' (there is no ../shared/data here)"; fi

check: $(VENV)/dev.done
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

hooks:
	git config core.hooksPath .githooks

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Mask Monitor needs Python 3.11 or newer; give it with: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Without TensorFlow, which the window never imports; `make test` adds it. Where the index has files of its own making, whose
# hashes differ: make run DESK="-r requirements-desk.txt"
DESK ?= --require-hashes -r requirements-desk.lock

$(VENV)/run.done: requirements-desk.lock | system $(VENV)/bin/python
	@echo "Installing what the program needs (once, a minute or two) ..."
	$(PIP) $(DESK)
	@touch $@

$(VENV)/web.done: requirements-web.txt requirements-desk.txt constraints.txt | system $(VENV)/bin/python
	@echo "Installing what the web page needs (once, a minute or two) ..."
	$(PIP) -r requirements-web.txt
	@touch $@

$(VENV)/scan.done: requirements-scan.txt requirements-desk.txt constraints.txt | system $(VENV)/bin/python
	@echo "Installing what scanning footage needs (once, a minute or two) ..."
	$(PIP) -r requirements-scan.txt
	@touch $@

$(VENV)/web-test.done: requirements-web-test.txt $(VENV)/dev.done
	@echo "Installing what the tests of the web page need (once) ..."
	$(PIP) -r requirements-web-test.txt
	@touch $@

$(VENV)/dev.done: requirements.txt requirements-desk.txt requirements-train.txt requirements-web.txt requirements-server.txt requirements-scan.txt requirements-dev.txt constraints.txt | system $(VENV)/bin/python
	@echo "Installing what the program and its tests need (once, a minute or two) ..."
	$(PIP) -r requirements-dev.txt
	@touch $@ $(VENV)/run.done $(VENV)/web.done $(VENV)/scan.done

system:
	@sh .ci/system-libs

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
