package io.blkspc.cli.attach;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What the command line of an nbd-client says. Source: nbd-client(8), of version 3.24; words are taken as getopt_long_only(3) does.
 *
 * @param export name of the export; {@code null} for the default one, or when it is not said
 * @param socket the server's unix socket; {@code null} for TCP, or when it is not said
 * @param device the last word, as it was written; {@code null} when there is none
 */
record StockCommandLine(String export, Path socket, String device) {

    private static final Set<String> LONG_WITH_VALUE = Set.of(
            "block-size",
            "size",
            "connections",
            "timeout",
            "name",
            "certfile",
            "keyfile",
            "cacertfile",
            "tlshostname",
            "check",
            "disconnect",
            "list");

    private static final String SHORT_WITH_VALUE = "bBCtNFKAHcdl";

    /** Reads a command line; {@code null} when it is of another program. */
    static StockCommandLine parse(List<String> words) {
        if (words.isEmpty() || !Path.of(words.getFirst()).endsWith(StockClient.PROGRAM)) {
            return null;
        }
        String export = "";
        boolean isUnix = false;
        List<String> places = new ArrayList<>();
        for (int i = 1; i < words.size(); i++) {
            String word = words.get(i);
            if (!word.startsWith("-") || word.length() == 1) {
                places.add(word);
                continue;
            }
            String option = word.substring(word.startsWith("--") ? 2 : 1);
            String name = option;
            String value = null;
            int equals = option.indexOf('=');
            if (equals > 0 && LONG_WITH_VALUE.contains(option.substring(0, equals))) {
                name = option.substring(0, equals);
                value = option.substring(equals + 1);
            } else if (LONG_WITH_VALUE.contains(option) || (isShortWithValue(option) && option.length() == 1)) {
                value = ++i < words.size() ? words.get(i) : "";
            } else if (isShortWithValue(option)) {
                name = option.substring(0, 1);
                value = option.substring(1);
            }
            isUnix |= name.equals("unix") || name.equals("u");
            export = name.equals("name") || name.equals("N") ? value : export;
        }
        return new StockCommandLine(
                export.isEmpty() ? null : export,
                isUnix && places.size() > 1 ? Path.of(places.getFirst()) : null,
                places.isEmpty() ? null : places.getLast());
    }

    private static boolean isShortWithValue(String option) {
        return SHORT_WITH_VALUE.indexOf(option.charAt(0)) >= 0;
    }

    /** Whether it is about that device, written in any way. */
    boolean isAbout(NbdDevice its) {
        return device != null && (device.equals(its.path()) || its.path().equals("/dev/" + device));
    }
}
