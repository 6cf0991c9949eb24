package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Contract D18 for counts of drops: memory ends at each place where drops are counted, or taken out of the counts because a child
 * leaves. Some of a step may be done then; begun anew, it comes to the same counts.
 */
class HalfForgottenTest {

    @Test
    void anyPlaceWithoutMemory() throws Throwable {
        Class<?> world = Class.forName(
                "io.blkspc.host.core.ForgettingRun", true, new WeavingLoader(HalfForgottenTest.class.getClassLoader()));
        MethodHandle run = MethodHandles.privateLookupIn(world, MethodHandles.lookup())
                .findStatic(world, "run", MethodType.methodType(String.class, int.class));
        TreeSet<String> places = new TreeSet<>();
        String ended = (String) run.invokeExact(1);
        for (int ordinal = 2; ended != null; ordinal++) {
            places.add(ended.replaceFirst(":.*", ""));
            ended = (String) run.invokeExact(ordinal);
        }
        assertThat(places)
                .as("in the midst of a step as well")
                .contains("count DropChunk.split", "forget DropChunk.split");
    }
}
