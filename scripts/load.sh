#!/usr/bin/env bash
# Puts Relay and bare proxies (YARP, and nginx if it is installed) under the same load on this machine, and prints what each costs.
# It needs the .NET SDK and nothing else. Relay is measured as it is published, compiled ahead of time.
#
#   scripts/load.sh [--rounds 2] [--seconds 5]
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
published=$(mktemp -d)
trap 'rm -rf "$published"' EXIT
dotnet publish "$root/src/Frontend" --configuration Release --use-current-runtime --self-contained false --output "$published" --verbosity quiet
dotnet run --configuration Release --project "$root/tests/Benchmarks" -- load --relay "$published/Relay.Frontend.dll" "$@"
