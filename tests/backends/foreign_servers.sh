#!/bin/sh
# Runs vqaft's client against servers that nobody here wrote: aimock, and Prism as a judge of every request.
#   tests/backends/foreign_servers.sh FOLDER_FOR_NPM [pytest's arguments]
set -eu
folder=$1
shift
mkdir -p "$folder"
npm install --prefix "$folder" --no-audit --no-fund @copilotkit/aimock@1.43.0 @stoplight/prism-cli@5.14.2
VQAFT_NODE_MODULES="$folder/node_modules" python -m pytest tests/backends/test_foreign_servers.py "$@"
