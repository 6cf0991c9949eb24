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
        /** The volume that is rolled back, and to what; what it held is what the name, if there is one, is made of. */
        Head rolledBack;

        long[] target;
        /** A snapshot gets another name: the second of the two. */
        boolean renames;

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
        for (Command command : commands) {
            if (command.destroys || command.renames) {
                names.removeAll(command.names);
            }
            if (command.rolledBack != null) {
                names.remove(command.rolledBack.name);
            }
        }
        return names;
    }

    /** {@code true} when no command is under way that names this version or is made of this volume. */
    boolean isIdle(String name) {
        return commands.stream()
                .noneMatch(command -> command.names.contains(name)
                        || (heads.containsKey(name) && command.sources.contains(heads.get(name))));
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
        if (heads.get(head.name) != head || commands.stream().anyMatch(command -> command.rolledBack == head)) {
            return; // rolled back meanwhile: before or after
        }
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

    /** A rollback to a snapshot; what the volume held is kept under a name, unless that is {@code null}. */
    Command beginRollback(Head head, String snapshot, String keepAs) {
        Command command = begin(false, List.of(head.name), keepAs == null ? List.of() : List.of(keepAs));
        command.rolledBack = head;
        command.target = snapshots.get(snapshot);
        return command;
    }

    /** A snapshot gets another name. */
    Command beginRename(String from, String to) {
        Command command = begin(false, List.of(), List.of(from, to));
        command.renames = true;
        return command;
    }

    void refused(Command command) {
        commands.remove(command);
        if (command.renames) {
            gone.add(command.names.get(1));
        } else if (!command.destroys) {
            gone.addAll(command.names);
        }
    }

    void renamed(Command command) {
        commands.remove(command);
        snapshots.put(command.names.get(1), snapshots.remove(command.names.get(0)));
        gone.add(command.names.get(0));
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
        if (command.rolledBack != null) {
            heads.put(command.rolledBack.name, afterRollback(command));
        }
    }

    private static Head afterRollback(Command command) {
        Head old = command.rolledBack;
        Head head = new Head(old.name, command.target);
        old.sectors.forEach((sector, history) -> history.carryOver(command.begin, head.sector(sector)));
        return head;
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
            if (content.versions.containsKey(head.name)
                    && commands.stream().noneMatch(command -> command.rolledBack == head)) {
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
            if (command.rolledBack != null) {
                checkRollback(command, content, loss);
            }
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
        if (command.renames) {
            require(there == 1, "D5 half a rename: " + command.names);
            long[] before = snapshots.get(command.names.get(0));
            PoolContent.Version found = made[0] == null ? made[1] : made[0];
            require(!found.head() && Arrays.equals(found.sectors(), before), "D5 changed: " + command.names);
            return;
        }
        require(there == 0 || there == made.length, "D5 half a command: " + command.names);
        if (!command.destroys && there > 0) {
            requireOneMoment(command, made, now());
        }
    }

    /** A rollback under way: the volume is what it was, or what it goes back to. */
    private void checkRollback(Command command, PoolContent content, Loss loss) {
        PoolContent.Version found = content.versions.get(command.rolledBack.name);
        require(found != null, "D5 versions lost: " + command.rolledBack.name);
        boolean isKept = !command.names.isEmpty() && content.versions.containsKey(command.names.get(0));
        if (!isKept) {
            try {
                checkHead(command.rolledBack, found, loss);
                return;
            } catch (AssertionError e) {
                if (!command.names.isEmpty()) {
                    throw e; // it did not happen
                }
            }
        }
        checkHead(afterRollback(command), found, loss);
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
