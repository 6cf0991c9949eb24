package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.api.Pool;
import io.blkspc.api.VolumeInfo;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.Loss;
import io.blkspc.host.core.RepairReport;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import io.blkspc.host.sim.Transfers;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Repairs damaged pools and judges the copies: clean, nothing else than before but zeros where a loss says so, and the damaged
 * pool as it was.
 */
final class RepairOracle {

    /** Value of a sector that could not be read. */
    private static final long UNREADABLE = Long.MIN_VALUE + 1;

    int refused;
    int whole;
    int withLosses;

    /** The sectors of every version, as far as they can be read. */
    static Map<String, long[]> content(Pool pool) {
        Map<String, long[]> content = new TreeMap<>();
        Mapping mapping = new Mapping();
        for (VolumeInfo info : pool.list()) {
            long[] sectors = new long[(int) (info.sizeBytes() / SectorValue.BYTES)];
            content.put(info.name(), sectors);
            try (BlockSpace space = pool.open(info.name())) {
                for (long at = 0; at < space.sizeBytes(); at += Geometry.BLOCK_BYTES) {
                    block(space, at, mapping, sectors);
                }
            }
        }
        return content;
    }

    private static void block(BlockSpace space, long at, Mapping mapping, long[] sectors) {
        int first = (int) (at / SectorValue.BYTES);
        try (Lease _ = space.readLease()) {
            space.map(at, Geometry.BLOCK_BYTES, mapping);
            if (mapping.state() == MappingState.WRITTEN) {
                byte[] bytes =
                        Transfers.read(space.device(), mapping.deviceOffsetBytes(), Geometry.BLOCK_BYTES, IoRole.DATA);
                for (int i = 0; i < bytes.length; i += SectorValue.BYTES) {
                    sectors[first + i / SectorValue.BYTES] = SectorValue.decode(bytes, i);
                }
            }
        } catch (BlockSpaceException e) {
            java.util.Arrays.fill(sectors, first, first + Geometry.BLOCK_BYTES / SectorValue.BYTES, UNREADABLE);
        }
    }

    /**
     * Repairs a copy of a pool.
     *
     * @param before what the pool held before it was damaged
     */
    void judge(SimDisk damaged, Map<String, long[]> before, long seed) {
        SimDisk from = damaged.killImage();
        from.use(new InertScheduler()).faults(event -> {
            assertThat(event.op()).as("only read: %s", event).isEqualTo(IoOp.READ);
            return null;
        });
        SimDisk to = new SimDisk(new InertScheduler(), seed);
        RepairReport report;
        try {
            report = SimPool.on(from, new InertScheduler(), seed).repairTo(to);
        } catch (BlockSpaceException e) {
            assertThat(e.code()).as(e.getMessage()).isIn(Code.NEEDS_CHECK, Code.TOO_NEW, Code.TOO_OLD, Code.NOT_FOUND);
            refused++;
            return;
        } finally {
            from.faults(FaultInjector.NONE);
        }
        assertThat(from.sameBytes(damaged)).as("bytes of the damaged pool").isTrue();
        assertThat(SpaceCheck.run(SimPool.on(to.killImage(), new InertScheduler(), seed)
                                .inspect())
                        .findings())
                .as("check of the copy")
                .isEmpty();
        HostPool pool = SimPool.on(to.killImage(), new InertScheduler(), seed).open();
        EngineFacts.requireConsistent(pool);
        compare(before, content(pool), report.losses());
        pool.create("after-repair", 16 * Geometry.BLOCK_BYTES);
        pool.close();
    }

    private void compare(Map<String, long[]> before, Map<String, long[]> after, List<Loss> losses) {
        whole += losses.isEmpty() ? 1 : 0;
        withLosses += losses.isEmpty() ? 0 : 1;
        assertThat(before.keySet()).containsAll(after.keySet());
        before.forEach((name, sectors) -> {
            long[] found = after.get(name);
            if (found == null) {
                assertThat(losses)
                        .as("%s is missing", name)
                        .anyMatch(loss -> loss.volume() == null || loss.volume().equals(name));
                return;
            }
            assertThat(found.length).as(name).isEqualTo(sectors.length);
            for (int i = 0; i < sectors.length; i++) {
                if (found[i] != sectors[i]) {
                    assertThat(found[i])
                            .as("%s sector=%s was %s", name, i, sectors[i])
                            .isZero();
                    assertThat(isLost(losses, name, (long) i * SectorValue.BYTES))
                            .as("%s sector=%s was %s and is not in %s", name, i, sectors[i], losses)
                            .isTrue();
                }
            }
        });
    }

    private static boolean isLost(List<Loss> losses, String name, long offset) {
        return losses.stream()
                .anyMatch(loss -> name.equals(loss.volume())
                        && loss.offsetBytes() <= offset
                        && offset < loss.offsetBytes() + loss.lengthBytes());
    }

    @Override
    public String toString() {
        return "repaired: refused=" + refused + " whole=" + whole + " with losses=" + withLosses;
    }
}
