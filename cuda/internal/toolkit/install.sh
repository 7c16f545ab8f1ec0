#!/bin/sh
# Puts ptxas and nvcc into the folder $1, from the pip wheels that requirements.txt pins by hash. $2 is the Python to use.
# Nothing outside the folder changes, and a folder that is there is complete.
set -eu
folder=$1
python=${2:-python3}
list=$(dirname "$0")/requirements.txt
work=$folder.part
rm -rf "$work"
mkdir -p "$work/wheels"
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
	--dest "$work/wheels" -r "$list"
for wheel in "$work"/wheels/*.whl; do
	"$python" -m zipfile -e "$wheel" "$work"
done
rm -rf "$work/wheels"
chmod +x "$work"/nvidia/cu13/bin/* "$work"/nvidia/cu13/nvvm/bin/*
rm -rf "$folder"
mv "$work" "$folder"
touch "$folder/nvidia/cu13/bin/ptxas"
"$folder/nvidia/cu13/bin/ptxas" --version | tail -1
