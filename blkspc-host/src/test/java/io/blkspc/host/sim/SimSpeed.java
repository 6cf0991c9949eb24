package io.blkspc.host.sim;

import io.blkspc.api.IoRole;
import io.blkspc.host.sched.OrderLock;
import java.util.Random;

/** Prints how fast histories and crash states are made; run by hand. */
final class SimSpeed {

    private SimSpeed() {}

    public static void main(String[] args) {
        for (int round = 0; round < 5; round++) {
            switches();
            histories();
        }
    }

    private static void switches() {
        SimScheduler scheduler = new SimScheduler(0);
        for (int t = 0; t < 4; t++) {
            scheduler.spawn("t" + t, () -> {
                for (int i = 0; i < 250_000; i++) {
                    scheduler.yieldPoint("x");
                }
            });
        }
        long start = System.nanoTime();
        scheduler.run();
        System.out.println("ns per step: " + (System.nanoTime() - start) / scheduler.steps());
    }

    private static void histories() {
        int states = 0;
        long start = System.nanoTime();
        byte[] record = new byte[1024];
        byte[] data = new byte[16384];
        for (int seed = 0; seed < 1_000; seed++) {
            SimScheduler scheduler = new SimScheduler(seed).crashAt(100 + seed % 400);
            SimDisk disk = new SimDisk(scheduler, seed);
            SimDevice journal = disk.create("journal", 4 << 20);
            SimDevice device = disk.create("data", 64 << 20);
            OrderLock order = scheduler.newLock("order");
            long[] tail = {0};
            for (int t = 0; t < 4; t++) {
                int base = t << 20;
                scheduler.spawn("client" + t, () -> {
                    for (int i = 0; i < 50; i++) {
                        Transfers.write(device, base + i * 16384L, data, IoRole.DATA);
                        order.lock();
                        Transfers.write(journal, tail[0]++ * 1024, record, IoRole.JOURNAL);
                        order.unlock();
                        if (i % 8 == 7) {
                            device.force(IoRole.DATA);
                            journal.force(IoRole.JOURNAL);
                        }
                    }
                });
            }
            scheduler.run();
            Random choice = new Random(seed);
            for (int i = 0; i < 5; i++) {
                SimDisk after = disk.cut(choice, CutKind.RANDOM);
                states += after.ioCount() == 0 ? 1 : 0;
            }
        }
        System.out.println("crash states: " + states + " in ms " + (System.nanoTime() - start) / 1_000_000);
    }
}
