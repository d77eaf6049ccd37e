#!/usr/bin/env bash
# Starts a cluster of local processes: silos and frontends on PostgreSQL, nginx before them if it is installed. It runs until it is
# stopped (Ctrl-C), and then stops everything in order. What it writes is in the folder "cluster" of the working directory; a second
# start goes on from there.
#
#   scripts/cluster.sh [--silos 3] [--frontends 2] [--address 127.0.0.1] [--port 8080] [--configuration Release] [--no-build]
#
# The database: ConnectionStrings__Relay if it is set, else a PostgreSQL server of its own, from the package "postgresql".
# The upstream: OPENAI_API_KEY and OPENAI_BASE_URL; without a key, the simulated upstream of a Relay that is started for it.
set -euo pipefail

silos=3 frontends=2 address=127.0.0.1 port=8080 configuration=Release build=yes
while [ $# -gt 0 ]; do
  case $1 in
    --silos) silos=$2; shift 2 ;;
    --frontends) frontends=$2; shift 2 ;;
    --address) address=$2; shift 2 ;;
    --port) port=$2; shift 2 ;;
    --configuration) configuration=$2; shift 2 ;;
    --no-build) build=no; shift ;;
    *) echo "Unknown argument $1; see the first lines of $0." >&2; exit 2 ;;
  esac
done

root=$(cd "$(dirname "$0")/.." && pwd)
folder=$PWD/cluster
mkdir -p "$folder"
programs=$root/artifacts/bin
flavour=$(echo "$configuration" | tr '[:upper:]' '[:lower:]')
pids=()
postgres=

# In the order of starting, and so stopped in the opposite one: frontends before the silos that they need.
stop() {
  trap '' INT TERM EXIT
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    kill -TERM "${pids[i]}" 2> /dev/null || true
    wait "${pids[i]}" 2> /dev/null || true
  done
  [ -z "$postgres" ] || as_postgres "$postgres/pg_ctl" -D "$folder/postgres/data" -m fast -w stop > /dev/null
}

# PostgreSQL refuses to run as root.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then (cd / && exec runuser -u postgres -- "$@"); else "$@"; fi
}

start_postgres() {
  local binaries
  binaries=$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -n 1)
  [ -n "$binaries" ] || binaries=$(dirname "$(command -v initdb || true)")
  if [ ! -x "$binaries/initdb" ]; then
    echo "There is no PostgreSQL: install the package postgresql, or set ConnectionStrings__Relay." >&2
    exit 1
  fi
  mkdir -p "$folder/postgres"
  if [ "$(id -u)" = 0 ]; then
    chown postgres "$folder/postgres"
    if ! as_postgres test -w "$folder/postgres"; then
      echo "PostgreSQL does not run as root, and its user postgres may not enter $folder: start in another folder, or as another user." >&2
      exit 1
    fi
  fi
  if [ ! -d "$folder/postgres/data" ]; then
    as_postgres "$binaries/initdb" -D "$folder/postgres/data" -U postgres -A trust -E UTF8 --no-locale > "$folder/initdb.log"
  fi
  # By a socket in a short path of its own: a socket's path has a limit.
  socket=$(mktemp -d)
  chmod 777 "$socket"
  as_postgres "$binaries/pg_ctl" -D "$folder/postgres/data" -l "$folder/postgres/log" -w \
    -o "-k $socket -c listen_addresses= -c max_connections=400" start > /dev/null
  postgres=$binaries
  export ConnectionStrings__Relay="Host=$socket;Username=postgres;Database=postgres"
}

# Starts a program in a folder of its own, and waits for a line of its output.
start() {
  local name=$1 line=$2
  shift 2
  mkdir -p "$folder/$name"
  : > "$folder/$name.log"
  (cd "$folder/$name" && exec env "$@") >> "$folder/$name.log" 2>&1 &
  pids+=($!)
  until grep -q "$line" "$folder/$name.log"; do
    if ! kill -0 "${pids[-1]}" 2> /dev/null; then
      echo "$name did not start:" >&2
      cat "$folder/$name.log" >&2
      exit 1
    fi
    sleep 0.1
  done
}

trap stop EXIT
trap 'exit 0' INT TERM
[ "$build" = no ] || dotnet build "$root/src/Frontend" --configuration "$configuration" --nologo --verbosity quiet
[ -n "${ConnectionStrings__Relay:-}" ] || start_postgres
export Relay__Database__Provider=${Relay__Database__Provider:-PostgreSql}

# The admin key outlives this run, and no other user of the machine may read it.
if [ -z "${RELAY_ADMIN_KEY:-}" ]; then
  [ -s "$folder/admin-key" ] || (umask 077 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > "$folder/admin-key")
  RELAY_ADMIN_KEY=$(cat "$folder/admin-key")
fi

for ((n = 0; n < silos; n++)); do
  start "silo-$((n + 1))" '^Health on: ' -u RELAY_ADMIN_KEY -u OPENAI_API_KEY \
    Relay__Cluster__Address="$address" Relay__Cluster__SiloPort=$((11111 + n)) Relay__Cluster__GatewayPort=$((30000 + n)) \
    dotnet "$programs/Silo/$flavour/Relay.Silo.dll" --urls "http://$address:$((port + 100 + n))"
done

if [ -z "${OPENAI_API_KEY:-}" ]; then
  start upstream '^Listening on: ' -u ConnectionStrings__Relay -u Relay__Database__Provider -u OPENAI_BASE_URL RELAY_ADMIN_KEY="$RELAY_ADMIN_KEY" \
    dotnet "$programs/Frontend/$flavour/Relay.Frontend.dll" --urls "http://$address:$((port + 50))"
  upstream_key=$(sed -n 's/^API key: //p' "$folder/upstream.log")
  [ -z "$upstream_key" ] || (umask 077 && echo "$upstream_key" > "$folder/upstream-key")
  export OPENAI_API_KEY OPENAI_BASE_URL="http://$address:$((port + 50))/v1"
  OPENAI_API_KEY=$(cat "$folder/upstream-key")
  echo "No OPENAI_API_KEY is set: the upstream is another Relay, which serves the simulated model relay-echo."
fi

servers=
for ((n = 0; n < frontends; n++)); do
  start "frontend-$((n + 1))" '^Listening on: ' \
    Relay__Role=Frontend Relay__DataDirectory="$folder/frontend-$((n + 1))/data" RELAY_ADMIN_KEY="$RELAY_ADMIN_KEY" \
    dotnet "$programs/Frontend/$flavour/Relay.Frontend.dll" --urls "http://$address:$((port + 1 + n))"
  servers+="server $address:$((port + 1 + n)) max_fails=1 fail_timeout=2s; "
done

entrance=http://$address:$((port + 1))
nginx=$(PATH=$PATH:/usr/sbin command -v nginx || true)
if [ -n "$nginx" ]; then
  sed -e "s#server frontend-[0-9]*:8080.*##" -e "s#keepalive 64;#$servers keepalive 64;#" -e "s#listen 8080;#listen $address:$port;#" \
    -e "s#worker_processes auto;#worker_processes 2; daemon off; pid $folder/nginx.pid; error_log $folder/nginx.log;#" \
    "$root/deploy/nginx.conf" > "$folder/nginx.conf"
  "$nginx" -e "$folder/nginx.log" -c "$folder/nginx.conf" &
  pids+=($!)
  entrance=http://$address:$port
fi

echo "Admin key: $RELAY_ADMIN_KEY"
for ((n = 0; n < frontends; n++)); do echo "Frontend: http://$address:$((port + 1 + n))"; done
echo "Listening on: $entrance"
wait
