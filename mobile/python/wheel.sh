#!/usr/bin/env bash
# Builds the wheel into target/python/dist, from the library and the bindings that mobile/bindings.sh made.
set -euo pipefail
cd "$(dirname "$0")/../.."

out=target/python
stage=$out/package
if [ ! -x $out/venv/bin/python ]; then
    python3 -m venv $out/venv || {
        echo "Python 3.10 or newer with venv is needed (Debian: python3 python3-venv)" >&2
        exit 1
    }
fi
rm -rf $stage && mkdir -p $stage $out/dist
cp -r mobile/python/src mobile/python/pyproject.toml mobile/python/platform_tag.py mobile/python/README.md $stage/
cp target/phones/bindings/python/fieldfolio.py $stage/src/fieldfolio/_core.py
cp target/phones/native/libfieldfolio.* $stage/src/fieldfolio/
$out/venv/bin/python mobile/python/stubs.py $stage/src/fieldfolio
find $stage -name __pycache__ -prune -exec rm -rf {} +
rm -f $out/dist/*.whl
$out/venv/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir $out/dist $stage
ls $out/dist/*.whl
