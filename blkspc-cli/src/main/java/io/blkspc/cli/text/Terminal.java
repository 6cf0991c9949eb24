package io.blkspc.cli.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What standard output and standard error can show.
 *
 * @param outIsTerminal a person reads standard output
 * @param errIsTerminal a person reads standard error
 * @param color colours are wanted: standard output is a terminal that has them, and {@code NO_COLOR} is not set
 */
public record Terminal(boolean outIsTerminal, boolean errIsTerminal, boolean color) {

    /** No person reads anything. */
    public static final Terminal NONE = new Terminal(false, false, false);

    /** Looks at this process. */
    public static Terminal detect(Map<String, String> environment) {
        boolean out = isTerminal(1);
        boolean isPlain = !environment.getOrDefault("NO_COLOR", "").isEmpty()
                || "dumb".equals(environment.getOrDefault("TERM", "dumb"));
        return new Terminal(out, isTerminal(2), out && !isPlain);
    }

    /** {@code text} in bold where colours are wanted. */
    public String bold(String text) {
        return styled("1", text);
    }

    /** {@code text} dimmed where colours are wanted. */
    public String faint(String text) {
        return styled("2", text);
    }

    /** {@code text} in green where colours are wanted. */
    public String good(String text) {
        return styled("32", text);
    }

    /** {@code text} in red where colours are wanted. */
    public String bad(String text) {
        return styled("31", text);
    }

    private String styled(String code, String text) {
        return color ? "\033[" + code + "m" + text + "\033[0m" : text;
    }

    /** The JDK can only tell about all streams together; Linux tells what each descriptor is. */
    private static boolean isTerminal(int descriptor) {
        Path link = Path.of("/proc/self/fd/" + descriptor);
        try {
            String target = Files.readSymbolicLink(link).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException notLinux) {
            return false; // plain output is right everywhere
        }
    }
}
