package io.blkspc.host.device;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.IoRole;
import io.blkspc.host.sim.Transfers;
import java.nio.file.Path;

/** A process whose system calls {@link SyscallFaultTest} makes fail. Prints how each IO ended, in order. */
final class TracedIo {

    private TracedIo() {}

    public static void main(String[] args) {
        try (FileBlockDevice device = FileBlockDevice.openExclusive(Path.of(args[0]))) {
            for (String step : args[1].split(",", -1)) {
                System.out.println(step + "=" + outcome(device, step));
            }
        }
    }

    private static String outcome(FileBlockDevice device, String step) {
        try {
            switch (step) {
                case "write" -> Transfers.write(device, 0, new byte[8192], IoRole.JOURNAL);
                case "read" -> Transfers.read(device, 0, 8192, IoRole.DATA);
                case "range" -> {
                    UnforcedRanges ranges = new UnforcedRanges();
                    ranges.add(4096, 4096);
                    device.forceRanges(ranges, IoRole.DATA);
                }
                case "force" -> device.force(IoRole.JOURNAL);
                default -> throw new IllegalArgumentException(step);
            }
            return "OK";
        } catch (BlockSpaceException e) {
            return e.code().name();
        }
    }
}
