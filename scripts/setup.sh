# shellcheck shell=bash
# Sets the machine up for ./try and ./check, which source this file. Says what it does, and does nothing twice.
#
#   set_up NAME EXTRAS      NAME names the stamp, EXTRAS are those of setup.cfg: "sim,report"
#
# Afterwards $venv/bin/python has Undertone installed in place. What is missing comes from apt and from pip; a failure shows the
# end of the log and says what to do. The second time only the stamp and the system packages are looked at.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
log=

say() { printf '%s\n' "$*"; }

# Ends with a sentence, and with the end of the log when there is one.
give_up() {
    if [ -n "$log" ] && [ -s "$log" ]; then
        say "--- the last lines of $log" >&2
        tail -n 25 "$log" >&2
        say "---" >&2
    fi
    say "undertone: $*" >&2
    exit 1
}

# step WORDS COMMAND…: says what is going on and how long it took; what the command prints goes into the log.
step() {
    local words=$1 before=$SECONDS
    shift
    printf '  %s … ' "$words"
    if "$@" >>"$log" 2>&1 </dev/null; then
        say "$((SECONDS - before)) s"
    else
        say "failed"
        return 1
    fi
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# The newest suitable Python: what `python3` means here, else one with its version in its name. Empty when there is none.
find_python() {
    local name
    for name in python3 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
}

python_has() { "$python" -c "$1" 2>/dev/null; }

# The system packages that are needed and missing, one on a line.
missing_packages() {
    local package
    if [ -z "$python" ]; then
        printf '%s\n' python3 python3-venv python3-dev
    else
        python_has 'import ensurepip, venv' || say python3-venv
        python_has 'import os, sys, sysconfig as s; sys.exit(not os.path.exists(s.get_path("include") + "/Python.h"))' ||
            say python3-dev
    fi
    for package in gcc libc6-dev portaudio19-dev libfluidsynth3 fluid-soundfont-gm libasound2-plugins alsa-utils "$@"; do
        installed "$package" || say "$package"
    done
}

install_packages() {
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null; then
            give_up "system packages are missing. As root, run: apt-get install $*"
        fi
        as_root=(sudo)
        if ! sudo -n true 2>/dev/null; then
            [ -t 0 ] || give_up "system packages are missing. Run: sudo apt-get install $*"
            say "  sudo asks for your password, to install: $*"
            sudo true || give_up "without root, please have these installed: $*"
        fi
    fi
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y
        -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
    step "asking apt what there is" "${apt[@]}" update ||
        say "  apt could not reach every archive; trying with what it knows"
    step "installing system packages: $*" "${apt[@]}" install --no-install-recommends "$@" ||
        give_up "apt could not install: $*. Is the network there? Then run this again."
}

# Set-up that need not be done again leaves this behind.
fingerprint() {
    { cat "$root/setup.cfg" "$root/pyproject.toml" "${BASH_SOURCE[0]}"
      say "$root" "$1"
      "$python" -VV
      uname -m; } | sha256sum | cut -d ' ' -f 1
}

make_environment() {
    if [ -d "$venv" ] && ! "$venv/bin/python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        say "  .venv does not run here any more: making it anew"
        rm -rf "$venv"
    fi
    [ -d "$venv" ] || step "making a Python environment in .venv" "$python" -m venv "$venv" ||
        give_up "a Python environment could not be made with $python. Is there room on the disk?"
}

set_up() {
    local name=$1 extras=$2
    shift 2
    case $(uname -m) in
        x86_64 | aarch64) ;;
        *) say "  there are no ready-made numpy and LiteRT for $(uname -m): on a Raspberry Pi, take the 64-bit system" ;;
    esac
    exec 9<"$root"
    flock -n 9 || { say "  waiting for another ./try or ./check to finish its set-up"; flock 9; }

    python=$(find_python)
    local missing=()
    if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
        mapfile -t missing < <(missing_packages "$@")
    elif [ -z "$python" ]; then
        give_up "Python 3.11 or newer is needed. Please install it with your system's package manager."
    fi
    local stamp=$venv/.set-up-$name
    if [ ${#missing[@]} = 0 ] && [ -x "$venv/bin/python" ] &&
        [ "$(cat "$stamp" 2>/dev/null)" = "$(fingerprint "$extras")" ]; then
        exec 9<&-
        return
    fi

    log=$(mktemp -t undertone-set-up.XXXXXX)
    say "Undertone sets itself up (a few minutes the first time; details in $log)"
    if [ ${#missing[@]} != 0 ]; then
        install_packages "${missing[@]}"
        python=$(find_python)
        [ -n "$python" ] || give_up "this system has no Python 3.11 or newer; Debian 12 and Raspberry Pi OS Bookworm have."
    fi
    make_environment
    step "installing Python packages ($extras)" "$venv/bin/python" -m pip install --no-input --editable "${root}[$extras]" ||
        give_up "pip could not install Undertone's packages. Is the network there? Then run this again."
    fingerprint "$extras" >"$stamp"
    exec 9<&-
    rm -f "$log"
    log=
}
