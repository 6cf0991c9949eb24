package io.blkspc.host.device;

import static io.blkspc.host.device.FileBlockDeviceTest.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.host.sim.Transfers;
import org.junit.jupiter.api.Test;

class MemoryBlockDeviceTest {

    @Test
    void bytesWrittenAreReadAndRangesChecked() {
        try (MemoryBlockDevice device = new MemoryBlockDevice(8192)) {
            assertThat(Transfers.read(device, 0, 8192, IoRole.DATA)).containsOnly(0);
            Transfers.write(device, 4000, new byte[] {1, 2, 3}, IoRole.DATA);
            assertThat(Transfers.read(device, 3999, 5, IoRole.DATA)).containsExactly(0, 1, 2, 3, 0);
            assertFails(Code.OUT_OF_RANGE, () -> Transfers.write(device, 8190, new byte[3], IoRole.DATA));
            assertFails(Code.OUT_OF_RANGE, () -> Transfers.read(device, -1, 1, IoRole.DATA));
        }
    }

    @Test
    void closingTheMediumViewLeavesTheDeviceOpen() {
        MemoryBlockDevice device = new MemoryBlockDevice(8192);
        BlockDevice medium = device.openMedium();
        Transfers.write(device, 0, new byte[] {9}, IoRole.DATA);
        assertThat(Transfers.read(medium, 0, 1, IoRole.VERIFY)).containsExactly(9);
        assertFails(Code.READ_ONLY, () -> Transfers.write(medium, 0, new byte[1], IoRole.DATA));
        medium.close();
        device.force(IoRole.DATA);
        device.close();
        assertFails(Code.CLOSED, () -> device.force(IoRole.DATA));
        assertFails(Code.CLOSED, () -> Transfers.read(device, 0, 1, IoRole.DATA));
    }
}
