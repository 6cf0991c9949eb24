package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.VolumeInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Removing versions, in any order, gives back exactly what nobody else holds. */
public interface DestroyContract extends ContractHost {

    @Test
    default void everyOrderOfDestructionKeepsTheOthersAndFreesAll() {
        List<String> names = List.of("vol", "vol@s", "c", "c@t", "d");
        for (List<String> order : permutations(names)) {
            try (Fixture f = fixture(1 << 20)) {
                Map<String, byte[]> contents = family(f);
                for (String gone : order) {
                    long allocated = f.status().allocatedBytes();
                    long freed = f.pool().bytesFreedBy(List.of(gone));
                    f.pool().destroy(List.of(gone), false);
                    contents.remove(gone);
                    f.pool().awaitReclaim();
                    assertThat(allocated - f.status().allocatedBytes())
                            .as("order=%s, destroyed=%s", order, gone)
                            .isEqualTo(freed);
                    contents.forEach((name, expected) -> assertThat(f.io(name).read(0, 5 * BLOCK))
                            .as("order=%s, destroyed=%s, read=%s", order, gone, name)
                            .isEqualTo(expected));
                    f.closeSpaces();
                }
                assertThat(f.status().allocatedBytes()).as("order=%s", order).isZero();
            }
        }
    }

    @Test
    default void whatASetOfVersionsFreesIsToldBefore() {
        try (Fixture f = fixture(1 << 20)) {
            family(f);
            assertCode(Code.NOT_FOUND, () -> f.pool().bytesFreedBy(List.of("vol", "nobody")));
            List<String> names = List.of("vol", "vol@s", "c");
            long freed = f.pool().bytesFreedBy(names);
            assertThat(freed).isGreaterThan(f.pool().bytesFreedBy(List.of("vol")));
            long allocated = f.status().allocatedBytes();
            f.pool().destroy(names, false);
            f.pool().awaitReclaim();
            assertThat(allocated - f.status().allocatedBytes()).isEqualTo(freed);
        }
    }

    /** A volume, its snapshot, a clone of that with a snapshot, and a clone of the live clone; each wrote something. */
    private static Map<String, byte[]> family(Fixture f) {
        Map<String, byte[]> contents = new HashMap<>();
        f.io().write(0, bytes(1, 5 * BLOCK));
        f.pool().snapshot(List.of("vol@s"));
        f.io().write(0, bytes(2, BLOCK));
        f.pool().clone("vol@s", List.of("c"));
        f.io("c").write(BLOCK, bytes(3, 2 * BLOCK));
        f.pool().snapshot(List.of("c@t"));
        f.io("c").write(2L * BLOCK, bytes(4, BLOCK));
        f.pool().clone("c", List.of("d"));
        f.io("d").write(3L * BLOCK, bytes(5, BLOCK));
        f.io("c").write(3L * BLOCK, bytes(6, BLOCK));
        for (VolumeInfo info : f.pool().list()) {
            contents.put(info.name(), f.io(info.name()).read(0, 5 * BLOCK));
        }
        f.closeSpaces();
        return contents;
    }

    private static List<List<String>> permutations(List<String> names) {
        if (names.isEmpty()) {
            return List.of(List.of());
        }
        List<List<String>> all = new ArrayList<>();
        for (String first : names) {
            List<String> rest = new ArrayList<>(names);
            rest.remove(first);
            for (List<String> tail : permutations(rest)) {
                List<String> order = new ArrayList<>(List.of(first));
                order.addAll(tail);
                all.add(order);
            }
        }
        return all;
    }

    @Test
    default void openVersionsAreNotDestroyedUnlessForced() {
        try (Fixture f = fixture()) {
            f.pool().create("b", 1 << 20);
            BlockSpace space = f.pool().open("vol");
            assertThat(f.pool().info("vol").attachments()).isEqualTo(1);
            assertCode(Code.BUSY, () -> f.pool().destroy(List.of("b", "vol"), false));
            assertThat(f.pool().list()).extracting(VolumeInfo::name).containsExactly("b", "vol");
            space.close();
            space.close();
            assertThat(f.pool().info("vol").attachments()).isZero();
            f.pool().destroy(List.of("b", "vol"), false);
            assertThat(f.pool().list()).isEmpty();
        }
    }

    @Test
    default void forcedDestructionClosesTheHandles() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, BLOCK));
            BlockSpace space = f.pool().open("vol");
            f.pool().destroy(List.of("vol"), true);
            assertCode(Code.CLOSED, space::readLease);
            assertCode(Code.CLOSED, space::writeLease);
            assertCode(Code.CLOSED, () -> space.reserve(1, BLOCK));
            assertCode(Code.CLOSED, () -> space.discard(0, BLOCK));
            space.close();
        }
    }

    @Test
    default void destructionIsAllOrNothing() {
        try (Fixture f = fixture()) {
            assertCode(Code.NOT_FOUND, () -> f.pool().destroy(List.of("vol", "none"), false));
            assertThat(f.pool().list()).extracting(VolumeInfo::name).containsExactly("vol");
        }
    }

    @Test
    default void nameIsFreeAtOnceForSomethingNew() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            f.closeSpaces();
            f.pool().destroy(List.of("vol"), false);
            assertCode(Code.NOT_FOUND, () -> f.pool().info("vol"));
            f.pool().create("vol", 1 << 20);
            assertThat(f.io().read(0, BLOCK)).containsOnly(0);
            assertThat(f.io("vol@s").read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            assertThat(f.pool().info("vol@s").clones()).isZero();
        }
    }

    @Test
    default void originIsForgottenWithTheVersion() {
        try (Fixture f = fixture()) {
            f.pool().clone("vol", List.of("c"));
            f.pool().destroy(List.of("vol"), false);
            assertThat(f.pool().info("c").origin()).isNull();
            f.pool().create("vol", 1 << 20);
            assertThat(f.pool().info("c").origin()).isNull();
            assertThat(f.pool().info("vol").clones()).isZero();
        }
    }

    @Test
    default void manyCanBeDestroyedAtOnce() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 4 * BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            f.pool().clone("vol@s", List.of("c", "d"));
            f.io("c").write(0, bytes(2, BLOCK));
            f.closeSpaces();
            f.pool().destroy(List.of("vol@s", "d", "vol"), false);
            f.pool().awaitReclaim();
            assertThat(f.io("c").read(0, BLOCK)).isEqualTo(bytes(2, BLOCK));
            assertThat(f.status().allocatedBytes()).isEqualTo(4L * BLOCK);
            assertThat(f.pool().info("c").exclusiveBytes()).isEqualTo(4L * BLOCK);
        }
    }

    @Test
    default void destructionSurvivesTheProcess() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 8 * BLOCK));
            f.pool().clone("vol", List.of("c"));
            f.io("c").write(0, bytes(2, BLOCK));
            f.closeSpaces();
            f.pool().destroy(List.of("vol"), false);
            f.kill();
            f.pool().awaitReclaim();
            assertThat(f.pool().list()).extracting(VolumeInfo::name).containsExactly("c");
            assertThat(f.io("c").read(0, BLOCK)).isEqualTo(bytes(2, BLOCK));
            assertThat(f.status().allocatedBytes()).isEqualTo(8L * BLOCK);
        }
    }
}
