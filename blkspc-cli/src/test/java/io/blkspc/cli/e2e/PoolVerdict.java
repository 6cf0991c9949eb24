package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Pool;
import io.blkspc.api.VolumeInfo;
import io.blkspc.api.client.SpaceIo;
import io.blkspc.host.BlockSpaceHost;
import io.blkspc.host.HostConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Opens a pool in this process, which is quick, and judges everything in it. */
final class PoolVerdict {

    private static final int SHOWN = 10;

    private PoolVerdict() {}

    /** The checker finds nothing, the pool opens, and then the checker finds nothing again; returns all contents. */
    static Map<String, ByteBuffer> open(Path pool) {
        assertThat(BlockSpaceHost.check(pool).findings())
                .as("check before recovery")
                .isEmpty();
        Map<String, ByteBuffer> contents = new TreeMap<>();
        try (Pool opened = BlockSpaceHost.open(pool, HostConfig.offline())) {
            for (VolumeInfo info : opened.list()) {
                try (BlockSpace space = opened.open(info.name())) {
                    contents.put(info.name(), read(space));
                }
            }
        }
        assertThat(BlockSpaceHost.check(pool).findings())
                .as("check after recovery")
                .isEmpty();
        return contents;
    }

    private static ByteBuffer read(BlockSpace space) {
        ByteBuffer contents = ByteBuffer.allocate(Math.toIntExact(space.sizeBytes()));
        try (SpaceIo io = SpaceIo.on(space);
                Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocate(space.sizeBytes());
            io.read(0, space.sizeBytes(), segment, 0);
            MemorySegment.ofBuffer(contents).copyFrom(segment);
        }
        return contents;
    }

    /** Fails the test unless these are legal contents after a power cut at this moment. */
    static void judge(Map<String, ByteBuffer> contents, List<PowerOracle> versions, long cutTick) {
        Map<String, ByteBuffer> unexpected = new TreeMap<>(contents);
        List<String> wrong = new ArrayList<>();
        for (PowerOracle version : versions) {
            ByteBuffer found = unexpected.remove(version.name());
            if (found == null && version.mustExist(cutTick)) {
                wrong.add("is lost: name=" + version.name());
            } else if (found != null && !version.mayExist(cutTick)) {
                wrong.add("must not be there: name=" + version.name());
            } else if (found != null) {
                List<Finding> findings = version.judge(cutTick, found);
                findings.stream().limit(SHOWN).forEach(each -> wrong.add(each.toString()));
            }
        }
        unexpected.keySet().forEach(name -> wrong.add("nobody made it: name=" + name));
        for (PowerOracle one : versions) {
            for (PowerOracle other : versions) {
                boolean isHalf = one.isBeingMadeWith(other, cutTick)
                        && contents.containsKey(one.name()) != contents.containsKey(other.name());
                if (isHalf) {
                    wrong.add("one command was done by half: names=" + one.name() + "," + other.name());
                }
            }
        }
        assertThat(wrong).as("after a power cut at tick %d", cutTick).isEmpty();
    }
}
