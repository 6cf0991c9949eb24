package io.blkspc.cli.action;

import io.blkspc.api.Changes;
import io.blkspc.api.Pool;
import io.blkspc.api.Quota;
import io.blkspc.api.VolumeInfo;
import io.blkspc.cli.text.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Runs one {@link Operation} on an open pool. Any thread may call; the pool does the ordering. */
public final class Actions {

    private Actions() {}

    /**
     * Runs an operation.
     *
     * @return plain JSON: maps, lists, strings, numbers, booleans, {@code null}
     * @throws IllegalArgumentException when an argument is missing or wrong
     * @throws io.blkspc.api.BlockSpaceException as the pool reports it
     */
    public static Object run(Operation operation, Arguments arguments, Pool pool) {
        return switch (operation) {
            case STATUS -> Facts.of(pool.status());
            case LIST -> pool.list().stream().map(Facts::listed).toList();
            case INFO -> Facts.of(pool.info(arguments.string("name")));
            case MAP -> MapPage.of(pool, arguments);
            case CHANGES -> changes(arguments, pool);
            case RESERVATIONS -> pool.reservations().stream().map(Facts::of).toList();
            case EVENTS ->
                pool.events(arguments.numberOr("after", 0)).stream()
                        .map(Facts::of)
                        .toList();
            case JOBS -> jobs(pool);
            case WAIT -> {
                long id = arguments.numberOr("id", 0);
                if (id == 0) {
                    pool.awaitReclaim();
                } else {
                    pool.awaitJob(id);
                }
                yield jobs(pool);
            }
            case CREATE -> Facts.of(pool.create(arguments.string("name"), arguments.number("size"), quota(arguments)));
            case SNAPSHOT -> timed(() -> pool.snapshot(arguments.strings("names")));
            case CLONE ->
                timed(() -> pool.clone(arguments.string("source"), arguments.strings("targets"), quota(arguments)));
            case RENAME -> Facts.of(pool.rename(arguments.string("from"), arguments.string("to")));
            case ROLLBACK -> {
                String keepAs = arguments.string("keepAs");
                yield Facts.of(pool.rollback(arguments.string("snapshot"), keepAs.isEmpty() ? null : keepAs));
            }
            case HOLD -> Facts.of(pool.hold(arguments.string("tag"), arguments.string("snapshot")));
            case RELEASE -> Facts.of(pool.release(arguments.string("tag"), arguments.string("snapshot")));
            case RESIZE -> resize(arguments, pool);
            case GROW -> Facts.of(pool.grow(arguments.number("size")));
            case FREED -> Json.of("frees", pool.bytesFreedBy(arguments.strings("names")));
            case DESTROY -> destroy(arguments, pool);
        };
    }

    private static Object jobs(Pool pool) {
        return pool.jobs().stream().map(Facts::of).toList();
    }

    private static Quota quota(Arguments arguments) {
        return new Quota(arguments.numberOr("guarantee", 0), arguments.numberOr("limit", 0));
    }

    /** How long a freeze takes is what people want to know about it. */
    private static List<Map<String, Object>> timed(Supplier<List<VolumeInfo>> freeze) {
        long start = System.nanoTime();
        List<VolumeInfo> made = freeze.get();
        long micros = (System.nanoTime() - start) / 1000;
        List<Map<String, Object>> facts = new ArrayList<>();
        for (VolumeInfo info : made) {
            Map<String, Object> fact = Facts.of(info);
            fact.put("elapsed_us", micros);
            facts.add(fact);
        }
        return facts;
    }

    /** {@code by} is + or - where the size is told as a difference. */
    private static Map<String, Object> resize(Arguments arguments, Pool pool) {
        String name = arguments.string("name");
        long size = arguments.number("size");
        boolean shrinks = arguments.flag("shrink");
        return Facts.of(
                switch (arguments.string("by")) {
                    case "+" -> pool.resizeBy(name, size, shrinks);
                    case "-" -> pool.resizeBy(name, -size, shrinks);
                    default -> pool.resize(name, size, shrinks);
                });
    }

    /** {@code since} is empty for everything that is not zeros. */
    private static Map<String, Object> changes(Arguments arguments, Pool pool) {
        String name = arguments.string("name");
        String since = arguments.string("since");
        Changes changes = pool.changedSince(name, since.isEmpty() ? null : since, arguments.numberOr("start", 0));
        List<Map<String, Object>> ranges = new ArrayList<>();
        for (Changes.Range range : changes.ranges()) {
            String kind = switch (range.state()) {
                case WRITTEN -> "data";
                case UNWRITTEN -> "zero";
                case HOLE, RESERVED -> "hole";
            };
            ranges.add(Json.of("offset", range.offsetBytes(), "length", range.lengthBytes(), "kind", kind));
        }
        long next = changes.nextOffsetBytes();
        return Json.of("ranges", ranges, "next", next < pool.info(name).sizeBytes() ? next : null);
    }

    private static Map<String, Object> destroy(Arguments arguments, Pool pool) {
        List<String> names = arguments.strings("names");
        pool.destroy(names, arguments.flag("force"));
        boolean wait = arguments.flag("wait");
        if (wait) {
            pool.awaitReclaim();
        }
        return Json.of("destroyed", names, "reclaimed", wait);
    }
}
