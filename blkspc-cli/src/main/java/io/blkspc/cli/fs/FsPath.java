package io.blkspc.cli.fs;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.text.Names;

/**
 * A file in a volume, written {@code NAME:/PATH}.
 *
 * @param volume name of the volume
 * @param path absolute path in its file system
 */
public record FsPath(String volume, String path) {

    /** Reads one. */
    public static FsPath parse(String text) {
        int colon = text.indexOf(':');
        if (colon < 0 || !text.startsWith("/", colon + 1)) {
            throw CommandFailure.usage("not a file in a volume: value=" + printable(text) + " (expected NAME:/PATH)");
        }
        return new FsPath(Names.volume(text.substring(0, colon)), text.substring(colon + 1));
    }

    /** The last name of a path; empty for the root. */
    public static String lastName(String path) {
        String trimmed = path;
        while (trimmed.endsWith("/")) {
            trimmed = trimmed.substring(0, trimmed.length() - 1);
        }
        return trimmed.substring(trimmed.lastIndexOf('/') + 1);
    }

    /** A name below a directory. */
    public static String below(String directory, String name) {
        return directory.endsWith("/") ? directory + name : directory + "/" + name;
    }

    /** A name from a disk, which must not drive the terminal or break a line. */
    public static String printable(String name) {
        return name.codePoints()
                .map(c -> Character.isISOControl(c) ? '?' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
