package io.blkspc.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.nbd.protocol.DirtyBitmap;
import io.blkspc.nbd.protocol.MetaContext;
import io.blkspc.nbd.protocol.NbdCommand;
import io.blkspc.nbd.protocol.NbdError;
import io.blkspc.nbd.protocol.NbdOption;
import io.blkspc.nbd.service.NbdLimits;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** docs/nbd.md names tests that exist and are run, tells every option, command, context and error, and the numbers of the code. */
class NbdDocsTest {

    private static final Path ROOT = Path.of("..");
    private static final Pattern NAME = Pattern.compile("`([A-Z]\\w*Test)(?:\\.(\\w+))?`|`([a-z]\\w+[A-Z]\\w+)`");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| (.+) \\|$");
    private static final long MIB = 1 << 20;

    private static String page;
    private static String flowing;
    private static final Map<String, String> TESTS = new TreeMap<>();

    @BeforeAll
    static void read() throws IOException {
        page = Files.readString(ROOT.resolve("docs").resolve("nbd.md"));
        flowing = page.replaceAll("\\s+", " ");
        for (String module : List.of("blkspc-api", "blkspc-host", "blkspc-nbd", "blkspc-cli")) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/test/java"))) {
                for (Path file : files.filter(each -> each.toString().endsWith("Test.java"))
                        .toList()) {
                    String name = file.getFileName().toString().replace(".java", "");
                    TESTS.merge(name, Files.readString(file), String::concat); // two modules may have one of a name
                }
            }
        }
    }

    /** The word in front of a line of the table, up to the next one. */
    private static String row(String first) {
        Matcher row = Pattern.compile("(?m)^\\| " + Pattern.quote(first) + " \\| (.*) \\|$")
                .matcher(page);
        assertThat(row.find()).as(first).isTrue();
        return row.group(1);
    }

    /** From the empty line before it, which parts methods from each other. */
    private static boolean isTest(String source, String method) {
        int at = source.indexOf("void " + method + "(");
        String head = source.substring(source.lastIndexOf("\n\n", at), at);
        return head.contains("@Test") || head.contains("@ParameterizedTest");
    }

    @Test
    void everyTestItNamesIsOne() {
        Matcher name = NAME.matcher(page);
        String in = "";
        int named = 0;
        while (name.find()) {
            in = name.group(1) == null ? in : name.group(1);
            String method = name.group(1) == null ? name.group(3) : name.group(2);
            assertThat(TESTS).containsKey(in);
            named++;
            if (method != null) {
                assertThat(TESTS.get(in)).as(in).contains("void " + method + "(");
                assertThat(isTest(TESTS.get(in), method)).as(in + '.' + method).isTrue();
            }
        }
        assertThat(named).isGreaterThan(60);
    }

    /** The last column of the tables that claim something. */
    @Test
    void everyRowSideBySideNamesItsTest() {
        List<String> bare = new ArrayList<>();
        int rows = 0;
        for (String section : List.of("### The kernel", "## Side by side")) {
            String text = page.substring(page.indexOf(section));
            Matcher row = ROW.matcher(text.substring(0, text.indexOf("\n#", 1)));
            while (row.find()) {
                String[] cells = row.group(1).split(" \\| ", -1);
                rows++;
                boolean isShown = cells[cells.length - 1].contains("Test`")
                        || cells[cells.length - 1].contains("Test.")
                        || cells[cells.length - 1].equals("the same");
                if (!isShown && cells.length > 1) {
                    bare.add(cells[0].strip());
                }
            }
        }
        assertThat(rows).isGreaterThan(30);
        assertThat(bare).containsExactly("| blkspc", "resize by the client");
    }

    private static List<String> constants(Class<?> type, Object... without) throws IllegalAccessException {
        List<String> names = new ArrayList<>();
        for (Field field : type.getFields()) {
            if (field.getType() == int.class && !Arrays.asList(without).contains(field.get(null))) {
                names.add(field.getName());
            }
        }
        return names;
    }

    private static List<String> words(String text) {
        return List.of(text.split("[^A-Z_a-z:-]+"));
    }

    @Test
    void everyOptionCommandAndContextIsTold() throws IllegalAccessException {
        assertThat(words(row("handshake"))).containsAll(constants(NbdOption.class));
        assertThat(words(row("commands"))).containsAll(constants(NbdCommand.class));
        for (MetaContext context : MetaContext.values()) {
            assertThat(row("contexts")).contains(context.contextName());
        }
        assertThat(row("contexts")).contains(DirtyBitmap.PREFIX);
        assertThat(DirtyBitmap.MAX_CHOSEN).isEqualTo(8);
        assertThat(flowing).contains("At most eight on a connection, else ERR_TOO_BIG");
    }

    /** ENOTSUP is the answer to a zeroing that is not fast, and all of ours are. */
    @Test
    void everyErrorIsTold() throws IllegalAccessException {
        String errors = page.substring(page.indexOf("### Errors"), page.indexOf("## Limits"));
        List<String> told = new ArrayList<>();
        Matcher row = Pattern.compile("(?m)^\\| (E[A-Z]+) \\|").matcher(errors);
        while (row.find()) {
            told.add(row.group(1));
        }
        assertThat(told)
                .containsExactlyInAnyOrderElementsOf(constants(NbdError.class, NbdError.NONE, NbdError.ENOTSUP));
    }

    @Test
    void limitsAreThoseOfTheCode() {
        NbdLimits limits = NbdLimits.DEFAULT;
        assertThat(flowing)
                .contains("Payloads up to " + limits.maxPayloadBytes() / MIB + " MiB are accepted; "
                        + NbdLimits.ADVERTISED_PAYLOAD_BYTES / MIB + " MiB are advertised")
                .contains(limits.receiveBufferBytes() / MIB + " MiB of requests and " + limits.sendBufferBytes() / MIB
                        + " MiB of replies are buffered")
                .contains("at most " + limits.maxInFlight() + " requests wait for the medium")
                .contains("hold at most " + limits.maxInFlightBytes() / MIB + " MiB")
                .contains("all connections together hold " + limits.sharedBufferBytes() / MIB + " MiB")
                .contains("does not take for " + TimeUnit.MILLISECONDS.toSeconds(limits.stallMillis()) + " seconds")
                .contains("at most " + TimeUnit.MILLISECONDS.toSeconds(limits.handshakeMillis()) + " seconds, "
                        + limits.maxOptions() + " options of " + limits.maxOptionBytes() / 1024 + " KiB")
                .contains(limits.maxNegotiating() + " clients may be in the handshake: " + limits.maxNegotiating() / 2
                        + " that have not sent an option and " + limits.maxNegotiating() / 2 + " that have")
                .contains(limits.maxConnections() + " clients may be in transmission");
    }
}
