#!/usr/bin/env bash
# Starts a cluster of local processes: silos and frontends on PostgreSQL, and HAProxy before them, or else nginx, if one is installed. It
# runs until it is stopped (Ctrl-C), and then stops everything in order. What it writes is in the folder "cluster" of the working
# directory; a second start goes on from there.
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
programs=$root/artifacts/bin
flavour=$(echo "$configuration" | tr '[:upper:]' '[:lower:]')
silo_pids=() frontend_pids=() upstream_pid= front_pid= postgres= socket=

# Longer than the longest stop of a frontend, with the settings below: 3 + 30 s, and 23 s for what is cut.
stop_seconds=90

# In the opposite order of starting: what needs others goes before them.
stop() {
  trap '' INT TERM EXIT
  local status=0
  # It takes no more calls, and lets those that run come to their ends.
  [ -z "$front_pid" ] || kill -s "$front_signal" "$front_pid" 2> /dev/null || true
  end ${frontend_pids[@]+"${frontend_pids[@]}"}
  end $front_pid
  end $upstream_pid
  # One after the other, so that each hands its keys over to the next; the last one saves them.
  for pid in ${silo_pids[@]+"${silo_pids[@]}"}; do end "$pid"; done
  if [ -n "$postgres" ]; then
    as_postgres "$postgres/pg_ctl" -D "$folder/postgres/data" -m fast -w stop > /dev/null || status=1
    rm -rf "$socket"
  fi
  exit "$status"
}

# Tells processes to stop, and waits for them; what does not end in time is killed, so that nothing is left behind.
end() {
  [ $# -gt 0 ] || return 0
  kill -TERM "$@" 2> /dev/null || true
  for ((n = 0; n < stop_seconds * 10; n++)); do
    live "$@" || return 0
    sleep 0.1
  done
  echo "A process did not stop within $stop_seconds s, and is killed; its log is in $folder." >&2
  kill -KILL "$@" 2> /dev/null || true
  status=1
}

# Whether one of them still runs.
live() {
  for pid in "$@"; do
    if kill -0 "$pid" 2> /dev/null; then return 0; fi
  done
  return 1
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
  # Nobody else may enter the socket's folder: the server asks for no password. A short path of its own, since a socket's has a limit.
  socket=$(mktemp -d)
  if [ "$(id -u)" = 0 ]; then
    chmod 711 "$folder"
    chown postgres "$folder/postgres" "$socket"
    if ! as_postgres test -w "$folder/postgres"; then
      echo "PostgreSQL does not run as root, and its user postgres may not enter $folder: start in another folder, or as another user." >&2
      rmdir "$socket"
      exit 1
    fi
  fi
  if [ ! -d "$folder/postgres/data" ]; then
    as_postgres "$binaries/initdb" -D "$folder/postgres/data" -U postgres -A trust -E UTF8 --no-locale > "$folder/initdb.log"
  fi
  postgres=$binaries
  as_postgres "$binaries/pg_ctl" -D "$folder/postgres/data" -l "$folder/postgres/log" -w \
    -o "-k $socket -c listen_addresses= -c max_connections=400" start > /dev/null
  export ConnectionStrings__Relay="Host=$socket;Username=postgres;Database=postgres"
}

# Starts a program in a folder of its own, and waits until a check passes: "wrote LINE" or "listens ADDRESS PORT". Its process is then
# $started. It is in a session of its own, since Ctrl-C would else reach it before its turn has come.
start() {
  local name=$1 check=($2)
  shift 2
  mkdir -p "$folder/$name"
  : > "$folder/$name.log"
  (cd "$folder/$name" && exec setsid env "$@") < /dev/null >> "$folder/$name.log" 2>&1 &
  started=$!
  case $name in
    silo-*) silo_pids+=("$started") ;;
    frontend-*) frontend_pids+=("$started") ;;
    upstream) upstream_pid=$started ;;
    *) front_pid=$started ;;
  esac
  until "${check[@]}" "$folder/$name.log"; do
    if ! live "$started"; then
      echo "$name did not start:" >&2
      cat "$folder/$name.log" >&2
      exit 1
    fi
    sleep 0.1
  done
}

wrote() { grep -q "^$1:" "$2"; }
listens() { (exec 3<> "/dev/tcp/$1/$2") 2> /dev/null; }

trap stop EXIT
trap 'exit 0' INT TERM
[ "$build" = no ] || dotnet build "$root/src/Frontend" --configuration "$configuration" --nologo --verbosity quiet

# As many connections as the system allows.
ulimit -S -n "$(ulimit -H -n)"

# Logs and settings of a first start have keys in them.
umask 077
mkdir -p "$folder"
[ -n "${ConnectionStrings__Relay:-}" ] || start_postgres
export Relay__Database__Provider=${Relay__Database__Provider:-PostgreSql}

# The admin key outlives this run.
if [ -z "${RELAY_ADMIN_KEY:-}" ]; then
  [ -s "$folder/admin-key" ] || od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > "$folder/admin-key"
  RELAY_ADMIN_KEY=$(cat "$folder/admin-key")
fi

for ((n = 0; n < silos; n++)); do
  start "silo-$((n + 1))" 'wrote Health.on' -u RELAY_ADMIN_KEY -u OPENAI_API_KEY \
    Relay__Cluster__Address="$address" Relay__Cluster__SiloPort=$((11111 + n)) Relay__Cluster__GatewayPort=$((30000 + n)) \
    dotnet "$programs/Silo/$flavour/Relay.Silo.dll" --urls "http://$address:$((port + 100 + n))"
  echo "Silo: process $started, health at http://$address:$((port + 100 + n))/health/ready"
done

if [ -z "${OPENAI_API_KEY:-}" ]; then
  start upstream 'wrote Listening.on' -u ConnectionStrings__Relay -u Relay__Database__Provider -u OPENAI_BASE_URL RELAY_ADMIN_KEY="$RELAY_ADMIN_KEY" \
    dotnet "$programs/Frontend/$flavour/Relay.Frontend.dll" --urls "http://$address:$((port + 50))"
  upstream_key=$(sed -n 's/^API key: //p' "$folder/upstream.log")
  [ -z "$upstream_key" ] || echo "$upstream_key" > "$folder/upstream-key"
  export OPENAI_API_KEY OPENAI_BASE_URL="http://$address:$((port + 50))/v1"
  OPENAI_API_KEY=$(cat "$folder/upstream-key")
  echo "No OPENAI_API_KEY is set: the upstream is another Relay, which serves the simulated model relay-echo."
fi

# A frontend that is told to stop takes calls until HAProxy has noticed.
haproxy_servers= nginx_servers=
for ((n = 1; n <= frontends; n++)); do
  start "frontend-$n" 'wrote Listening.on' \
    Relay__Role=Frontend Relay__DataDirectory="$folder/frontend-$n/data" RELAY_ADMIN_KEY="$RELAY_ADMIN_KEY" \
    Relay__Shutdown__DelaySeconds="${Relay__Shutdown__DelaySeconds:-3}" \
    Relay__ForwardedHeaders__KnownProxies="${Relay__ForwardedHeaders__KnownProxies:-127.0.0.1,$address}" \
    dotnet "$programs/Frontend/$flavour/Relay.Frontend.dll" --urls "http://$address:$((port + n))"
  echo "Frontend: process $started, http://$address:$((port + n))"
  haproxy_servers+="    server frontend-$n $address:$((port + n))\1\n"
  nginx_servers+="server $address:$((port + n)) max_fails=1 fail_timeout=2s; "
done

# The files of the containers, with these addresses. No name is to be found out here.
entrance=http://$address:$((port + 1))
if haproxy=$(PATH=$PATH:/usr/sbin command -v haproxy); then
  front_signal=USR1
  sed -e "s#bind :8080#bind $address:$port#" -e '/^resolvers /,/^$/d' -e 's# resolvers network init-addr libc,none##' \
    -e '/^    server frontend-2 /d' -e "s#^    server frontend-1 frontend-1:8080\(.*\)#${haproxy_servers%\\n}#" \
    "$root/deploy/haproxy.cfg" > "$folder/haproxy.cfg"
  "$haproxy" -c -q -f "$folder/haproxy.cfg"
  start haproxy "listens $address $port" "$haproxy" -db -f "$folder/haproxy.cfg"
  entrance=http://$address:$port
elif nginx=$(PATH=$PATH:/usr/sbin command -v nginx); then
  front_signal=QUIT
  mkdir -p "$folder/nginx"
  sed -e "s#server frontend-[0-9]*:8080.*##" -e "s#keepalive 64;#$nginx_servers keepalive 64;#" -e "s#listen 8080;#listen $address:$port;#" \
    -e "s#worker_processes auto;#worker_processes 2; daemon off; pid $folder/nginx.pid; error_log stderr;#" \
    -e "s#^http {#http { $(printf "%s_temp_path $folder/nginx; " client_body proxy fastcgi uwsgi scgi)#" "$root/deploy/nginx.conf" > "$folder/nginx.conf"
  "$nginx" -q -t -e stderr -c "$folder/nginx.conf"
  start nginx "listens $address $port" "$nginx" -e stderr -c "$folder/nginx.conf"
  entrance=http://$address:$port
fi

echo "Admin key: $RELAY_ADMIN_KEY"
echo "Listening on: $entrance"

# Not one wait for all: a signal that comes just before it would only be seen when the last process has ended.
while live "${frontend_pids[@]}" "${silo_pids[@]}"; do
  sleep 1 &
  wait $! || true
done
