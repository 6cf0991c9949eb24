package io.blkspc.host.core;

import java.util.regex.Pattern;

/** The rule for names: {@code NAME} or {@code NAME@SNAP}. */
final class Names {

    private static final Pattern PART = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

    private Names() {}

    static String checkVolume(String name) {
        if (name == null || !PART.matcher(name).matches()) {
            throw new IllegalArgumentException("not a volume name: name=" + name);
        }
        return name;
    }

    static String checkSnapshot(String name) {
        int at = name == null ? -1 : name.indexOf('@');
        if (at < 0
                || !PART.matcher(name.substring(0, at)).matches()
                || !PART.matcher(name.substring(at + 1)).matches()) {
            throw new IllegalArgumentException("not a snapshot name, VOLUME@SNAP: name=" + name);
        }
        return name;
    }

    static String checkEither(String name) {
        return name != null && name.indexOf('@') >= 0 ? checkSnapshot(name) : checkVolume(name);
    }

    /** The volume part of a snapshot name. */
    static String volumeOf(String snapshot) {
        return snapshot.substring(0, snapshot.indexOf('@'));
    }
}
