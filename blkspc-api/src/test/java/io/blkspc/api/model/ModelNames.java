package io.blkspc.api.model;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** The rule for names of the contract. */
final class ModelNames {

    private static final String PART = "[A-Za-z0-9][A-Za-z0-9._-]{0,127}";
    private static final Pattern VOLUME = Pattern.compile(PART);
    private static final Pattern SNAPSHOT = Pattern.compile(PART + "@" + PART);

    private ModelNames() {}

    static void checkVolume(String name) {
        check(VOLUME.matcher(name).matches(), "volume", name);
    }

    static void checkSnapshot(String name) {
        check(SNAPSHOT.matcher(name).matches(), "snapshot", name);
    }

    static void checkAny(String name) {
        check(VOLUME.matcher(name).matches() || SNAPSHOT.matcher(name).matches(), "volume or snapshot", name);
    }

    static void checkSome(List<String> names) {
        if (names.isEmpty() || new HashSet<>(names).size() < names.size()) {
            throw new IllegalArgumentException("no name, or one name twice: names=" + names);
        }
    }

    static void checkRename(String from, String to) {
        checkAny(from);
        checkAny(to);
        boolean isSnapshot = from.contains("@");
        if (isSnapshot != to.contains("@") || (isSnapshot && !volumeOf(from).equals(volumeOf(to)))) {
            throw new IllegalArgumentException("not a new name for this: from=" + from + ", to=" + to);
        }
    }

    /** New name by old one: of a version, and of the snapshots of a volume. */
    static Map<String, String> renamed(Collection<String> all, String from, String to) {
        Map<String, String> names = new LinkedHashMap<>(Map.of(from, to));
        all.stream()
                .filter(name -> name.startsWith(from + "@"))
                .forEach(name -> names.put(name, to + name.substring(from.length())));
        return names;
    }

    static String volumeOf(String snapshot) {
        return snapshot.substring(0, snapshot.indexOf('@'));
    }

    private static void check(boolean ok, String kind, String name) {
        if (!ok) {
            throw new IllegalArgumentException("not the name of a " + kind + ": name=" + name);
        }
    }
}
