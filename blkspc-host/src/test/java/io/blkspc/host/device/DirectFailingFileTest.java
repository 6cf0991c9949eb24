package io.blkspc.host.device;

import static io.blkspc.host.device.FileBlockDeviceTest.assertFails;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.sim.Transfers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The same failures with a device that goes around the page cache, and those that only it has. */
class DirectFailingFileTest extends FailingFileTest {

    @Override
    FileBlockDevice device(ScriptedFile scripted, int sizeBytes) {
        scripted.granule = 512;
        return new FileBlockDevice(new DirectFile(scripted, 512), Path.of("scripted"), sizeBytes);
    }

    @Override
    @Test
    void progressIsExactWhenAWriteFailsPartway() {
        file.writeBudget = 1_024;
        file.writeError = Errno.EIO;
        byte[] bytes = new byte[4_096];
        Arrays.fill(bytes, (byte) 5);
        Transfer transfer = Transfers.of(100, bytes);
        assertThatThrownBy(() -> device.write(transfer, IoRole.DATA))
                .hasMessage("write failed: error=EIO, file=scripted, offset=100, length=4096, done=924, role=DATA");
        assertThat(transfer.progressBytes()).isEqualTo(924);
        assertThat(file.content[1_023]).isEqualTo((byte) 5);
        assertThat(file.content[1_024]).isZero();
    }

    @Test
    void restOfABlockThatCannotBeReadFailsThatWriteOnly() {
        file.readError = Errno.EIO;
        assertThatThrownBy(() -> Transfers.write(device, 5_000, new byte[10], IoRole.DATA))
                .isInstanceOf(UnreadableBlockException.class)
                .hasMessage("cannot read a block that is written in part: offset=4096, error=EIO");
        Transfers.write(device, 4_096, new byte[4_096], IoRole.DATA); // a whole block needs no read
        file.readError = 0;
        Transfers.write(device, 5_000, new byte[10], IoRole.DATA);
        device.force(IoRole.DATA);
        assertThat(device.isFailed()).isFalse();
    }

    /** Memory decides whether the kernel gets these writes as they are; how far it takes them is random. */
    @Test
    void wholeBlocksNeedNoReadWhereverTheWriteStops() {
        file.readError = Errno.EIO;
        Random random = new Random(Long.getLong("blkspc.seed", 5));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(5 * 4_096, 4_096);
            for (int i = 0; i < 2_000; i++) {
                int length = 4_096 * (1 + random.nextInt(4));
                byte[] bytes = new byte[length];
                random.nextBytes(bytes);
                int skip = random.nextBoolean() ? 0 : 1 + random.nextInt(4_095);
                MemorySegment.copy(bytes, 0, memory, JAVA_BYTE, skip, length);
                int offset = 4_096 * random.nextInt(12);
                device.write(new Transfer().reset(offset).add(memory, skip, length), IoRole.DATA);
                assertThat(Arrays.copyOfRange(file.content, offset, offset + length))
                        .isEqualTo(bytes);
            }
        }
    }

    @Test
    void progressOfWholeBlocksIsNeverTooMuchAndWithinABlock() {
        for (int budget = 0; budget < 8_192; budget += 512) {
            ScriptedFile scripted = new ScriptedFile(65_536, budget);
            FileBlockDevice once = device(scripted, 65_536);
            scripted.writeBudget = budget;
            scripted.writeError = Errno.ENOSPC;
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment memory = arena.allocate(8_192, 4_096);
                memory.fill((byte) 5);
                Transfer transfer = new Transfer().reset(4_096).add(memory, 0, 8_192);
                assertFails(Code.OUT_OF_BACKING, () -> once.write(transfer, IoRole.DATA));
                for (int i = 0; i < transfer.progressBytes(); i++) {
                    assertThat(scripted.content[4_096 + i]).isEqualTo((byte) 5);
                }
                assertThat(transfer.progressBytes()).isBetween((long) (budget & -4_096), (long) budget);
            }
        }
    }

    @Test
    void bytesAroundAPartialWriteStay() {
        Arrays.fill(file.content, (byte) 9);
        for (int[] part :
                new int[][] {{0, 1}, {4_095, 2}, {4_097, 4_094}, {100, 12_000}, {8_192, 4_097}, {65_535, 1}}) {
            Transfers.write(device, part[0], new byte[part[1]], IoRole.DATA);
            byte[] expected = new byte[65_536];
            Arrays.fill(expected, (byte) 9);
            Arrays.fill(expected, part[0], part[0] + part[1], (byte) 0);
            assertThat(file.content).isEqualTo(expected);
            Arrays.fill(file.content, (byte) 9);
        }
    }

    @Test
    void readCachedNeverFindsAnything() {
        Transfers.write(device, 0, new byte[4_096], IoRole.DATA);
        assertThat(device.readCached(Transfers.of(0, new byte[4_096]), IoRole.DATA))
                .isFalse();
        assertFails(Code.OUT_OF_RANGE, () -> device.readCached(Transfers.of(65_536, new byte[1]), IoRole.DATA));
    }
}
