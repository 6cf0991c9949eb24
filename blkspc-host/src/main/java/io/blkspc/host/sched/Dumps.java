package io.blkspc.host.sched;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HashSet;
import java.util.Set;

/**
 * The dumps of an open pool, and their end when it is closed. A dump is either in the pool or in the stream it writes to, where it
 * may wait for ever for who reads: there it is interrupted, and nowhere else, as an interrupt would close the files of the pool. Any
 * thread.
 */
public final class Dumps {

    private final Set<Dump> running = new HashSet<>(); // guarded by this
    private volatile boolean ended;

    /**
     * A dump begins; whoever makes it closes what is returned.
     *
     * @throws BlockSpaceException {@code BUSY} when the pool is being closed
     */
    public synchronized Dump begin() {
        Dump dump = new Dump();
        dump.check();
        try {
            running.add(dump);
        } catch (OutOfMemoryError e) {
            running.remove(dump); // nobody would close it, and the pool would wait for it for ever
            throw e;
        }
        return dump;
    }

    /** Ends them all. When it returns none is in the pool, and none will be. */
    public synchronized void end() {
        ended = true;
        running.stream().filter(dump -> dump.writer != null).forEach(dump -> dump.writer.interrupt());
        boolean interrupted = false;
        while (running.stream().anyMatch(dump -> dump.writer == null)) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true; // closing goes on
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** One of them. Belongs to the thread that writes it. */
    public final class Dump implements AutoCloseable {
        private Thread writer; // while it is in its stream; guarded by the dumps

        private Dump() {}

        /**
         * Refuses to go on when the pool is being closed.
         *
         * @throws BlockSpaceException {@code BUSY}
         */
        public void check() {
            if (ended) {
                throw new BlockSpaceException(Code.BUSY, "dump was ended: the pool is being closed");
            }
        }

        /** The stream of the caller, where the dump may be interrupted. It is not closed. */
        public OutputStream stream(OutputStream to) {
            return new OutputStream() {
                @Override
                public void write(int single) throws IOException {
                    write(new byte[] {(byte) single}, 0, 1);
                }

                @Override
                public void write(byte[] from, int offset, int length) throws IOException {
                    enter();
                    try {
                        to.write(from, offset, length);
                    } finally {
                        leave();
                    }
                }
            };
        }

        private void enter() {
            synchronized (Dumps.this) {
                check();
                writer = Thread.currentThread();
                Dumps.this.notifyAll();
            }
        }

        /** What the interrupt did to the stream is not what is told. */
        private void leave() {
            synchronized (Dumps.this) {
                if (ended) {
                    Thread.interrupted();
                }
                check();
                writer = null;
            }
        }

        @Override
        public void close() {
            synchronized (Dumps.this) {
                running.remove(this);
                Dumps.this.notifyAll();
            }
        }
    }
}
