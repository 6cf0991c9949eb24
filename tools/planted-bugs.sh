#!/bin/sh
# Plants one mistake after the other into a copy of the engine and tells whether the crash histories find it.
# Needs compiled classes (./blkspc test, or mvn test-compile). The working tree is not touched.
#   tools/planted-bugs.sh [crash states for each mistake] [name ...]
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
states=${1:-4000}
[ $# -gt 0 ] && shift
java=${JAVA_HOME:?set it to a JDK 25}/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
base=${BLKSPC_CLASSPATH:-}
if [ -z "$base" ]; then
    (cd "$root" && mvn -o -q -pl blkspc-host -am dependency:build-classpath -Dmdep.includeScope=test \
        -Dmdep.outputFile="$work/classpath" >/dev/null) || exit 2
    base=$root/blkspc-host/target/test-classes:$root/blkspc-host/target/classes:$root/blkspc-api/target/test-classes
    base=$base:$root/blkspc-api/target/classes:$(cat "$work/classpath")
fi
missed=0
while IFS='|' read -r name file change; do
    name=$(echo "$name" | tr -d ' ')
    file=$(echo "$file" | tr -d ' ')
    case $name in '' | '#'*) continue ;; esac
    if [ $# -gt 0 ]; then
        case " $* " in *" $name "*) ;; *) continue ;; esac
    fi
    rm -rf "$work/src" "$work/classes"
    mkdir -p "$work/src" "$work/classes"
    source=$root/blkspc-host/src/main/java/io/blkspc/host/$file
    perl -0pe "$change" "$source" >"$work/src/$(basename "$file")"
    if cmp -s "$source" "$work/src/$(basename "$file")"; then
        echo "$name: does not match any more"
        missed=$((missed + 1))
        continue
    fi
    "$java/javac" --release 25 -nowarn -proc:none -d "$work/classes" -cp "$base" "$work/src/$(basename "$file")" || exit 2
    result=$("$java/java" -ea -Xmx1g -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED \
        --add-opens=java.base/java.lang=ALL-UNNAMED --add-exports=java.base/jdk.internal.misc=ALL-UNNAMED \
        -cp "$work/classes:$base" io.blkspc.host.core.crash.CrashCampaign 1 "$states" 2>/dev/null | tail -1)
    case $result in
        FAILED*) printf '%-28s caught   %s\n' "$name" "$(echo "$result" | cut -c1-230)" ;;
        *) printf '%-28s MISSED   %s\n' "$name" "$result"; missed=$((missed + 1)) ;;
    esac
done <"$root/tools/planted-bugs.txt"
exit $((missed > 0))
