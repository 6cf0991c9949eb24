package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Contract D18: memory ends at any place of the engine or the client library that may allocate, once or for the rest of the
 * request. The request is done, or not done and has left nothing behind, or the pool takes no more writes.
 */
class OutOfMemoryTest {

    private static final boolean RELEASE = Boolean.getBoolean("blkspc.release");

    private static final boolean[] ALL = {false, true};

    private static final MethodHandle RUN = world();

    static Stream<Arguments> workloads() {
        Stream<Arguments> requests =
                LongStream.rangeClosed(1, RELEASE ? 20 : 3).mapToObj(n -> arguments("requests", n));
        Stream<Arguments> recoveries =
                LongStream.rangeClosed(1, RELEASE ? 10 : 1).mapToObj(n -> arguments("recovery", n));
        return Stream.concat(
                Stream.of(arguments("commands", 1L), arguments("branches", 1L)), Stream.concat(requests, recoveries));
    }

    private static MethodHandle world() {
        try {
            Class<?> run = Class.forName(
                    AllocationRun.class.getName(), true, new WeavingLoader(OutOfMemoryTest.class.getClassLoader()));
            MethodType type = MethodType.methodType(int[].class, String.class, long.class, int.class, boolean.class);
            return MethodHandles.privateLookupIn(run, MethodHandles.lookup()).findStatic(run, "run", type);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private static int[] run(String phase, long seed, int ordinal, boolean isLasting) throws Throwable {
        return (int[]) RUN.invokeExact(phase, seed, ordinal, isLasting);
    }

    @ParameterizedTest
    @MethodSource("workloads")
    void anyPlaceWithoutMemory(String phase, long seed) throws Throwable {
        run(phase, seed, 0, false); // loads every class: what a class initialiser allocates is not of the request
        int[] sites = run(phase, seed, 0, false);
        int tried = 0;
        List<String> failed = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(seed);
        for (int ordinal : chosen(sites, random)) {
            for (boolean isLasting : RELEASE ? ALL : new boolean[] {random.nextBoolean()}) {
                try {
                    tried += run(phase, seed, ordinal, isLasting) == null ? 0 : 1;
                } catch (AssertionError e) {
                    failed.add(e.getMessage());
                }
            }
        }
        System.out.printf(
                "%s workload=%d: places passed=%,d, runs that ended at one=%,d%n", phase, seed, sites.length, tried);
        assertThat(failed).isEmpty();
        assertThat(tried).isGreaterThan(200);
    }

    /** Each place when it is first passed, and one other time; with {@code blkspc.release} every time. */
    private static Set<Integer> chosen(int[] sites, SplittableRandom random) {
        Set<Integer> ordinals = new TreeSet<>();
        Map<Integer, Integer> times = new HashMap<>();
        Map<Integer, Integer> other = new HashMap<>();
        for (int i = 0; i < sites.length; i++) {
            int count = times.merge(sites[i], 1, Integer::sum);
            if (RELEASE || count == 1) {
                ordinals.add(i + 1);
            } else if (random.nextInt(count - 1) == 0) {
                other.put(sites[i], i + 1);
            }
        }
        ordinals.addAll(other.values());
        return ordinals;
    }
}
