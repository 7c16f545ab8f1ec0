#!/bin/sh
# Puts tools of NVIDIA into the folder $1, from the pip wheels that the list $3 (requirements.txt) pins by hash. $2 is the Python to
# use, $4 the tool that is wanted (ptxas). Nothing outside the folder changes, and a folder that is there is complete.
set -eu
folder=$1
python=${2:-python3}
list=$(dirname "$0")/${3:-requirements.txt}
tool=nvidia/cu13/bin/${4:-ptxas}
work=$folder.part
rm -rf "$work"
mkdir -p "$work/wheels"
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
	--dest "$work/wheels" -r "$list"
for wheel in "$work"/wheels/*.whl; do
	"$python" -m zipfile -e "$wheel" "$work"
done
rm -rf "$work/wheels"
find "$work" -path '*/bin/*' -type f -exec chmod +x {} +
rm -rf "$folder"
mv "$work" "$folder"
touch "$folder/$tool"
"$folder/$tool" --version | tail -1
