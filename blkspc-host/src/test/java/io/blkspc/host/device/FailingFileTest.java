package io.blkspc.host.device;

import static io.blkspc.host.device.FileBlockDeviceTest.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.sim.Transfers;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A device over a file that does what the kernel may do, and seldom does. */
class FailingFileTest {

    final ScriptedFile file = new ScriptedFile(65_536, Long.getLong("blkspc.seed", 3));
    final FileBlockDevice device = device(file, 65_536);

    /** The tests of one way to use a file; a subclass uses it in another one. */
    FileBlockDevice device(ScriptedFile scripted, int sizeBytes) {
        return new FileBlockDevice(scripted, Path.of("scripted"), sizeBytes);
    }

    @Test
    void shortAndInterruptedTransfersAreContinued() {
        Random random = new Random(1);
        for (int i = 0; i < 500; i++) {
            byte[] bytes = new byte[1 + random.nextInt(5_000)];
            random.nextBytes(bytes);
            int offset = random.nextInt(60_000);
            Transfers.write(device, offset, bytes, IoRole.DATA);
            assertThat(Arrays.copyOfRange(file.content, offset, offset + bytes.length))
                    .isEqualTo(bytes);
            assertThat(Transfers.read(device, offset, bytes.length, IoRole.DATA))
                    .isEqualTo(bytes);
        }
    }

    /** Of a subclass the numbers differ. */
    @Test
    void progressIsExactWhenAWriteFailsPartway() {
        file.writeBudget = 1_000;
        file.writeError = Errno.EIO;
        byte[] bytes = new byte[4_096];
        Arrays.fill(bytes, (byte) 5);
        Transfer transfer = Transfers.of(100, bytes);
        assertThatThrownBy(() -> device.write(transfer, IoRole.JOURNAL))
                .hasMessage("write failed: error=EIO, file=scripted, offset=100, length=4096, done=1000, role=JOURNAL");
        assertThat(transfer.progressBytes()).isEqualTo(1_000);
        assertThat(file.content[1_099]).isEqualTo((byte) 5);
        assertThat(file.content[1_100]).isZero();
    }

    @Test
    void afterAFailedWriteNothingIsWrittenOrForced() {
        for (IoRole role : new IoRole[] {IoRole.DATA, IoRole.JOURNAL, IoRole.CHECKPOINT, IoRole.SUPERBLOCK}) {
            ScriptedFile failing = new ScriptedFile(65_536, 1);
            FileBlockDevice once = device(failing, 65_536);
            failing.writeBudget = 0;
            failing.writeError = Errno.EIO;
            assertFails(Code.IO, () -> Transfers.write(once, 0, new byte[512], role));
            failing.writeBudget = -1;
            assertFails(Code.FAILED, () -> Transfers.write(once, 0, new byte[512], role));
            assertFails(Code.FAILED, () -> once.force(role));
            assertThat(failing.syncs).isZero();
            assertThat(once.isFailed()).isTrue();
            assertThat(Transfers.read(once, 0, 512, IoRole.DATA)).containsOnly(0);
        }
    }

    @Test
    void failedForceIsNeverRepeated() {
        for (int error : new int[] {Errno.EIO, Errno.ENOSPC, Errno.EINTR}) {
            ScriptedFile failing = new ScriptedFile(512, 1);
            FileBlockDevice once = device(failing, 512);
            failing.syncError = error;
            assertFails(Code.IO, () -> once.force(IoRole.JOURNAL));
            failing.syncError = 0;
            assertFails(Code.FAILED, () -> once.force(IoRole.JOURNAL));
            assertFails(Code.FAILED, () -> Transfers.write(once, 0, new byte[512], IoRole.DATA));
            assertThat(failing.syncs).isEqualTo(1);
        }
    }

    @Test
    void backingWithoutRoomDoesNotFailTheDevice() {
        for (int error : new int[] {Errno.ENOSPC, Errno.EDQUOT}) {
            file.writeBudget = 512;
            file.writeError = error;
            Transfer transfer = Transfers.of(0, new byte[1_024]);
            assertFails(Code.OUT_OF_BACKING, () -> device.write(transfer, IoRole.DATA));
            assertThat(transfer.progressBytes()).isEqualTo(512);
            file.writeBudget = -1;
            Transfers.write(device, 0, new byte[1_024], IoRole.DATA);
            device.force(IoRole.DATA);
        }
    }

    @Test
    void failedReadIsOnlyThisRead() {
        file.readError = Errno.EIO;
        assertFails(Code.IO, () -> Transfers.read(device, 0, 512, IoRole.DATA));
        file.readError = 0;
        Transfers.read(device, 0, 512, IoRole.DATA);
        Transfers.write(device, 0, new byte[512], IoRole.JOURNAL);
        device.force(IoRole.JOURNAL);
    }

    @Test
    void deviceThatCannotTellWhatIsCachedIsAskedOnce() {
        file.readError = Errno.EOPNOTSUPP;
        Transfer transfer = Transfers.of(0, new byte[512]);
        assertThat(device.readCached(transfer, IoRole.DATA)).isFalse();
        file.readError = 0;
        for (int i = 0; i < 100; i++) {
            assertThat(device.readCached(transfer, IoRole.DATA)).isFalse();
        }
    }
}
