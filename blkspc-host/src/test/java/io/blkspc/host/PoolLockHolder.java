package io.blkspc.host;

import io.blkspc.host.PoolLock.Mode;
import java.nio.file.Path;

/** A process that holds a pool until it is killed. */
final class PoolLockHolder {

    private PoolLockHolder() {}

    public static void main(String[] args) throws InterruptedException {
        try (PoolLock _ = PoolLock.acquire(Path.of(args[0]), Mode.valueOf(args[1]), "/run/other.sock")) {
            System.out.println("held");
            Thread.sleep(60_000);
        }
    }
}
