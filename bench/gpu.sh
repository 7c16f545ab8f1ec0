#!/bin/sh
# Proves and measures gzpt on an NVIDIA GPU, in less than ten minutes. On a machine with Go and gcc, `make gpu-bundle` puts the programs
# into .gpu (about 50 MB). Take the folder of the project with it to the machine with the GPU, which needs NVIDIA's driver and nothing
# else, and run there: bench/gpu.sh [FOLDER FOR THE RESULTS]. The results are FOLDER/NAME-OF-THE-GPU.json.
set -eu
cd "$(dirname "$0")/.."
out=${1:-bench/results}
mkdir -p "$out"
# Tests look for golden values in ../shared.
[ -d ../shared/golden ] || { mkdir -p ../shared && cp -r .gpu/golden ../shared/; } || echo "no place for ../shared: golden values are skipped" >&2
exec .gpu/measure -out "$out" ${GPU_SMALL:+-small} 2>"$out/gpu.log"
