package io.blkspc.cli.text;

import io.blkspc.cli.outcome.CommandFailure;
import java.util.regex.Pattern;

/** Names of volumes and snapshots, checked before anything is tried. */
public final class Names {

    private static final Pattern PART = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
    private static final String RULE =
            " (letters, digits, dot, underscore, hyphen; at most 128; first a letter or digit)";

    private Names() {}

    /** Returns {@code name} when it names a volume. */
    public static String volume(String name) {
        if (!PART.matcher(name).matches()) {
            throw CommandFailure.usage("not a volume name: value=" + printable(name) + RULE);
        }
        return name;
    }

    /** Returns {@code tag} when it can be one of a snapshot that is held. */
    public static String tag(String tag) {
        if (!PART.matcher(tag).matches()) {
            throw CommandFailure.usage("not a tag: value=" + printable(tag) + RULE);
        }
        return tag;
    }

    /** Returns {@code name} when it is {@code VOLUME@SNAP}. */
    public static String snapshot(String name) {
        int at = name.indexOf('@');
        if (at < 0) {
            throw CommandFailure.usage("not a snapshot name: value=" + printable(name) + " (expected NAME@SNAP)");
        }
        if (!isSnapshot(name, at)) {
            throw CommandFailure.usage("not a snapshot name: value=" + printable(name) + RULE);
        }
        return name;
    }

    /** Returns {@code name} when it names a volume or a snapshot. */
    public static String version(String name) {
        return name.indexOf('@') < 0 ? volume(name) : snapshot(name);
    }

    private static boolean isSnapshot(String name, int at) {
        return PART.matcher(name.substring(0, at)).matches()
                && PART.matcher(name.substring(at + 1)).matches();
    }

    /** Nothing typed by mistake may drive the terminal or break the one line. */
    private static String printable(String name) {
        String shown = name.codePoints()
                .map(c -> Character.isISOControl(c) ? '?' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        return shown.length() <= 140 ? shown : shown.substring(0, 140) + "...";
    }
}
