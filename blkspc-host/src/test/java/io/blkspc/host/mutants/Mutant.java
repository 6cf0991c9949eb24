package io.blkspc.host.mutants;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One planted mistake of {@code scripts/mutants.txt}.
 *
 * @param id short name, unique in the list
 * @param file source file, from the root of the repository
 * @param context text before the change on which the search begins; empty for the start of the file
 * @param from what is replaced, compared without regard to white space; must occur right once after the context, or, with
 *     {@code all}, anywhere
 * @param to what it becomes
 * @param all replace every occurrence
 * @param tests what should notice, cheapest first: {@code package.Class} or {@code package.Class#method}
 */
record Mutant(String id, String file, String context, String from, String to, boolean all, List<String> tests) {

    private static final Path LIST = Path.of("scripts", "mutants.txt");

    /** The root of the repository, found from where tests run. */
    static Path root() {
        Path at = Path.of("").toAbsolutePath();
        while (at != null && !Files.exists(at.resolve(LIST))) {
            at = at.getParent();
        }
        if (at == null) {
            throw new IllegalStateException(
                    "no " + LIST + " above " + Path.of("").toAbsolutePath());
        }
        return at;
    }

    /** The whole list, in order. */
    static List<Mutant> list() throws IOException {
        List<Mutant> mutants = new ArrayList<>();
        List<String> block = new ArrayList<>();
        for (String line : (Files.readString(root().resolve(LIST)) + "\n\n").split("\n", -1)) {
            if (line.isBlank()) {
                if (!block.isEmpty()) {
                    mutants.add(parse(block));
                    block.clear();
                }
            } else if (!line.startsWith("#")) {
                block.add(line);
            }
        }
        return mutants;
    }

    private static Mutant parse(List<String> lines) {
        String[] fields = {"", "", "", "", "", "", ""};
        List<String> names = List.of("mutant", "file", "context", "from", "to", "all", "tests");
        for (String line : lines) {
            int colon = line.indexOf(':');
            int field = colon < 0 ? -1 : names.indexOf(line.substring(0, colon));
            if (field < 0) {
                throw new IllegalArgumentException("not a field: " + line);
            }
            fields[field] = line.substring(colon + 1).strip();
        }
        if (fields[0].isEmpty() || fields[1].isEmpty() || fields[3].isEmpty() || fields[6].isEmpty()) {
            throw new IllegalArgumentException("a field is missing: " + lines);
        }
        List<String> tests = Arrays.asList(fields[6].split("[ ,]+"));
        return new Mutant(fields[0], fields[1], fields[2], fields[3], fields[4], fields[5].equals("yes"), tests);
    }

    /** The source with the mistake in it. */
    String mutated() throws IOException {
        String source = Files.readString(root().resolve(file));
        int begin = 0;
        if (!context.isEmpty()) {
            Matcher where = loosely(context).matcher(source);
            if (!where.find()) {
                throw new IllegalStateException("mutant " + id + ": context is not in " + file + ": " + context);
            }
            begin = where.end();
        }
        Matcher found = loosely(from).matcher(source);
        StringBuilder changed = new StringBuilder();
        int at = 0;
        int times = 0;
        while (found.find(Math.max(at, begin)) && (all || times == 0)) {
            changed.append(source, at, found.start()).append(to);
            at = found.end();
            times++;
        }
        if (times == 0) {
            throw new IllegalStateException("mutant " + id + ": not in " + file + " any more: " + from);
        }
        return changed.append(source, at, source.length()).toString();
    }

    /** The words and signs of a text, with any white space between them. */
    private static Pattern loosely(String text) {
        StringBuilder pattern = new StringBuilder();
        Matcher token = Pattern.compile("\\w+|[^\\w\\s]").matcher(text);
        while (token.find()) {
            pattern.append(pattern.isEmpty() ? "" : "\\s*").append(Pattern.quote(token.group()));
        }
        return Pattern.compile(pattern.toString());
    }

    @Override
    public String toString() {
        return id;
    }
}
