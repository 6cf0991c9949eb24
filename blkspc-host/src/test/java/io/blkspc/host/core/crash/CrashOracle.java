package io.blkspc.host.core.crash;

import io.blkspc.host.core.crash.SectorHistory.Sure;
import io.blkspc.host.core.crash.SectorHistory.Write;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * Knows what clients were told, and so what may be found after a crash: contract D1 to D8 as far as content and names go.
 * One clock tick for every beginning and every end; used by one task at a time.
 */
final class CrashOracle {

    /** What was lost: the process alone, or the page cache as well. */
    enum Loss {
        PROCESS,
        POWER
    }

    /** One writable volume. Sectors nobody wrote are not tracked: they read as they began. */
    static final class Head {
        final String name;
        final long[] initial;
        final TreeMap<Integer, SectorHistory> sectors = new TreeMap<>();
        /** Writes that ended by then are durable. */
        long persistedUpTo;

        Head(String name, long[] initial) {
            this.name = name;
            this.initial = initial;
        }

        SectorHistory sector(int index) {
            return sectors.computeIfAbsent(index, key -> new SectorHistory(initial[key]));
        }
    }

    /** A management command under way: all of its names change, or none. */
    static final class Command {
        final boolean destroys;
        final List<String> names;
        final long begin;
        /** What each name is made of: a {@link Head}, the sectors of a snapshot, or nothing for an empty volume. */
        final List<Object> sources = new ArrayList<>();

        Command(boolean destroys, List<String> names, long begin) {
            this.destroys = destroys;
            this.names = names;
            this.begin = begin;
        }

        Object source(int index) {
            return sources.isEmpty() ? null : sources.get(Math.min(index, sources.size() - 1));
        }
    }

    final TreeMap<String, Head> heads = new TreeMap<>();
    final TreeMap<String, long[]> snapshots = new TreeMap<>();
    private final List<Command> commands = new ArrayList<>();
    private final Set<String> gone = new HashSet<>();
    private long clock = 1;
    private long values;

    long now() {
        return ++clock;
    }

    long newValue() {
        return ++values;
    }

    /** {@code true} while a management command is under way. */
    boolean hasCommands() {
        return !commands.isEmpty();
    }

    /** Names that may be used by a client: not those a destroy is under way for. */
    List<String> usable(boolean headsOnly) {
        List<String> names = new ArrayList<>(heads.keySet());
        if (!headsOnly) {
            names.addAll(snapshots.keySet());
        }
        commands.stream().filter(command -> command.destroys).forEach(command -> names.removeAll(command.names));
        return names;
    }

    // ---- clients ----

    /** A write of {@code values} from {@code sector} on begins. Zeros are written like anything else. */
    List<Write> begin(Head head, int sector, long[] written) {
        long begin = now();
        List<Write> writes = new ArrayList<>();
        for (int i = 0; i < written.length; i++) {
            writes.add(head.sector(sector + i).begin(written[i], begin));
        }
        return writes;
    }

    void replied(List<Write> writes, boolean durable) {
        long end = now();
        for (Write write : writes) {
            write.end = end;
            write.replied = true;
            write.durable = durable;
        }
    }

    /** It failed: it may have happened in part, and it is over. */
    void failed(List<Write> writes) {
        long end = now();
        writes.forEach(write -> write.end = end);
    }

    void flushed(Head head, long begin) {
        head.persistedUpTo = Math.max(head.persistedUpTo, begin);
    }

    void flushedAll(long begin) {
        heads.values().forEach(head -> flushed(head, begin));
    }

    /** What a client read between {@code begin} and now. */
    void read(Head head, int sector, long[] found, long begin) {
        for (int i = 0; i < found.length; i++) {
            SectorHistory history = head.sector(sector + i);
            if (!history.allows(found[i], now(), write -> write.replied && write.end < begin)) {
                throw new AssertionError("D1 read of " + head.name + " sector=" + (sector + i) + " found=" + found[i]
                        + ", history=" + history);
            }
        }
    }

    // ---- commands ----

    Command begin(boolean destroys, List<String> sources, List<String> names) {
        Command command = new Command(destroys, names, now());
        for (String source : sources) {
            Head head = heads.get(source);
            command.sources.add(head != null ? head : snapshots.get(source));
        }
        commands.add(command);
        return command;
    }

    void refused(Command command) {
        commands.remove(command);
        if (!command.destroys) {
            gone.addAll(command.names);
        }
    }

    /** It returned at {@code end}, and this is what it made. */
    void returned(Command command, PoolContent.Version[] made, long end) {
        if (!command.destroys) {
            requireOneMoment(command, made, end);
        }
        commands.remove(command);
        for (int i = 0; i < command.names.size(); i++) {
            String name = command.names.get(i);
            if (command.destroys) {
                heads.remove(name);
                snapshots.remove(name);
                gone.add(name);
            } else {
                if (command.source(i) instanceof Head source) {
                    flushed(source, command.begin);
                }
                add(name, made[i]);
            }
        }
    }

    private void add(String name, PoolContent.Version version) {
        if (version.head()) {
            heads.put(name, new Head(name, version.sectors()));
        } else {
            snapshots.put(name, version.sectors());
        }
    }

    /** D5c: the content is one moment of its sources between the command and now, the same for all of a group. */
    private void requireOneMoment(Command command, PoolContent.Version[] made, long end) {
        List<long[]> moments = List.of(new long[] {command.begin, end});
        for (int i = 0; i < made.length; i++) {
            String name = command.names.get(i);
            long[] found = made[i].sectors();
            if (!(command.source(i) instanceof Head source)) {
                long[] expected = command.source(i) instanceof long[] frozen ? frozen : new long[found.length];
                require(Arrays.equals(found, expected), "D5 " + name + " is not what it was made of");
                continue;
            }
            for (int sector = 0; sector < found.length; sector++) {
                SectorHistory history = source.sectors.get(sector);
                if (history == null) {
                    require(found[sector] == source.initial[sector], describe("D8", source, sector, found[sector]));
                } else {
                    moments = history.moments(found[sector], moments);
                    require(
                            !moments.isEmpty(),
                            "D5c " + name + " is not one moment, begin=" + command.begin + ": "
                                    + describe("", source, sector, found[sector]));
                }
            }
        }
    }

    // ---- crash states ----

    /** Refuses what no legal crash state can show. */
    void check(PoolContent content, Loss loss) {
        for (Head head : heads.values()) {
            if (content.versions.containsKey(head.name)) {
                checkHead(head, content.versions.get(head.name), loss);
            }
        }
        snapshots.forEach((name, sectors) -> {
            PoolContent.Version found = content.versions.get(name);
            require(
                    found == null || (!found.head() && Arrays.equals(found.sectors(), sectors)),
                    "D5 snapshot changed: " + name);
        });
        Set<String> open = new HashSet<>();
        for (Command command : commands) {
            open.addAll(command.names);
            checkCommand(command, content);
        }
        for (String name : content.versions.keySet()) {
            require(!gone.contains(name), "D5 a destroyed or refused name is back: " + name);
            require(
                    heads.containsKey(name) || snapshots.containsKey(name) || open.contains(name),
                    "D5 unknown name: " + name);
        }
        Set<String> expected = new HashSet<>(heads.keySet());
        expected.addAll(snapshots.keySet());
        expected.removeAll(content.versions.keySet());
        expected.removeAll(open);
        require(expected.isEmpty(), "D5 versions lost: " + expected);
    }

    private void checkHead(Head head, PoolContent.Version found, Loss loss) {
        require(found.head(), "a volume became a snapshot: " + head.name);
        Sure sure = loss == Loss.PROCESS
                ? write -> write.replied
                : write -> write.replied && (write.durable || write.end <= head.persistedUpTo);
        for (int sector = 0; sector < head.initial.length; sector++) {
            SectorHistory history = head.sectors.get(sector);
            long value = found.sectors()[sector];
            if (history == null) {
                require(value == head.initial[sector], describe("D8", head, sector, value));
            } else if (!history.allows(value, Long.MAX_VALUE, sure)) {
                String rule = history.knows(value) ? loss == Loss.POWER ? "D3/D4/D7 older than persisted" : "D2" : "D8";
                throw new AssertionError(describe(rule, head, sector, value));
            }
        }
    }

    private void checkCommand(Command command, PoolContent content) {
        int there = 0;
        PoolContent.Version[] made = new PoolContent.Version[command.names.size()];
        for (int i = 0; i < made.length; i++) {
            made[i] = content.versions.get(command.names.get(i));
            there += made[i] == null ? 0 : 1;
        }
        require(there == 0 || there == made.length, "D5 half a command: " + command.names);
        if (!command.destroys && there > 0) {
            requireOneMoment(command, made, now());
        }
    }

    /** After a crash: what is there now is what was, durably. */
    void adopt(PoolContent content) {
        commands.forEach(command -> gone.addAll(command.names));
        commands.clear();
        gone.addAll(heads.keySet());
        gone.addAll(snapshots.keySet());
        gone.removeAll(content.versions.keySet());
        heads.clear();
        snapshots.clear();
        content.versions.forEach(this::add);
    }

    private static String describe(String rule, Head head, int sector, long value) {
        return rule + " " + head.name + " sector=" + sector + " found=" + value + ", persistedUpTo="
                + head.persistedUpTo + ", initial=" + head.initial[sector] + ", history=" + head.sectors.get(sector);
    }

    private static void require(boolean holds, String facts) {
        if (!holds) {
            throw new AssertionError(facts);
        }
    }
}
