package io.blkspc.cli.image;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;

/** The bytes of an export as a device. What the server refuses becomes {@code OUT_OF_SPACE} or {@code IO}. */
final class ExportDevice implements BlockDevice {

    private final NbdClient client;

    /** The client stays the caller's to close. */
    ExportDevice(NbdClient client) {
        this.client = client;
    }

    /** Runs a request that the client tells of in the words of a command. */
    void attempt(Runnable request) {
        synchronized (client) {
            try {
                request.run();
            } catch (CommandFailure refused) {
                Code code = refused.exitCode() == ExitCode.NO_SPACE ? Code.OUT_OF_SPACE : Code.IO;
                throw new BlockSpaceException(code, refused.getMessage(), refused);
            }
        }
    }

    @Override
    public long sizeBytes() {
        return client.sizeBytes();
    }

    @Override
    public void read(Transfer transfer, IoRole role) {
        transfer(transfer, false);
    }

    @Override
    public void write(Transfer transfer, IoRole role) {
        transfer(transfer, true);
    }

    private void transfer(Transfer transfer, boolean writes) {
        long at = transfer.deviceOffsetBytes();
        for (int i = 0; i < transfer.count(); i++) {
            long offset = at;
            int part = i;
            long length = transfer.length(i);
            attempt(() -> {
                if (writes) {
                    client.write(offset, length, transfer.segment(part), transfer.start(part));
                } else {
                    client.read(offset, length, transfer.segment(part), transfer.start(part));
                }
            });
            transfer.advance(length);
            at += length;
        }
    }

    @Override
    public void force(IoRole role) {
        attempt(client::flush);
    }

    @Override
    public void close() {
        // the space closes the client
    }
}
