#!/usr/bin/env bash
# Installs the wheel as anyone would, checks the types of everything that uses it, and walks the journey with it.
set -euo pipefail
cd "$(dirname "$0")/../.."

mobile/python/wheel.sh
python=target/python/venv/bin/python
$python -m pip install --quiet --disable-pip-version-check pytest==9.2.0 mypy==2.4.1
$python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps target/python/dist/*.whl
cd mobile/python
export PYTHONDONTWRITEBYTECODE=1
../../$python -m mypy --cache-dir ../../target/python/mypy tests examples bench.py
../../$python -m pytest -q -p no:cacheprovider "$@"
