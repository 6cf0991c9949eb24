# Reads surefire's XML reports: lists what failed and what was skipped, then closes with one line of totals.
# A skipped test is not a passed one. Exit code 1 when a test failed.

function decoded(text) {
    gsub(/&#10;|&#xA;|&#9;/, " ", text)
    gsub(/&quot;/, "\"", text)
    gsub(/&apos;/, "'", text)
    gsub(/&lt;/, "<", text)
    gsub(/&gt;/, ">", text)
    gsub(/&amp;/, "\\&", text)
    return text
}

# The value of an attribute; the blank before its name keeps name= apart from classname=.
function attribute(element, name) {
    if (!match(element, " " name "=\"[^\"]*\"")) return ""
    return decoded(substr(element, RSTART + length(name) + 3, RLENGTH - length(name) - 4))
}

function close_case() {
    if (!in_case) return
    if (failed_now) { failed++; failures = failures "  " title "\n" }
    else if (skipped_now) { skipped++; skips = skips "  " title (reason == "" ? "" : ": " reason) "\n" }
    else passed++
    in_case = 0
}

# What a test printed is not markup: cut <![CDATA[ ... ]]>, also across lines.
{
    text = ""
    rest = $0
    while (rest != "") {
        if (in_cdata) {
            end = index(rest, "]]>")
            if (!end) break
            in_cdata = 0
            rest = substr(rest, end + 3)
        } else {
            start = index(rest, "<![CDATA[")
            if (!start) { text = text rest; break }
            text = text substr(rest, 1, start - 1)
            in_cdata = 1
            rest = substr(rest, start + 9)
        }
    }
    $0 = text
}

/<testcase[ >]/ {
    close_case()
    in_case = 1
    failed_now = skipped_now = 0
    reason = ""
    test = attribute($0, "name")
    type = attribute($0, "classname")
    sub(/.*\./, "", type)
    title = test == "" ? type : type "." test
}
/<(failure|error)[ >\/]/ { failed_now = 1 }
/<skipped[ >\/]/ { skipped_now = 1; reason = attribute($0, "message") }
/<\/testcase>|<testcase[^>]*\/>/ { close_case() }

END {
    close_case()
    if (failures != "") printf "Failed:\n%s", failures
    if (skips != "") printf "Skipped:\n%s", skips
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit (failed > 0)
}
