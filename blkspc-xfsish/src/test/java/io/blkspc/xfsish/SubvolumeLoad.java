package io.blkspc.xfsish;

import static io.blkspc.xfsish.Bytes.BLOCK;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.contract.TestIo;
import io.blkspc.xfsish.transaction.Transaction;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;

/**
 * Accounts that move amounts among each other in transactions of two to four blocks: whatever happens, they sum up to zero
 * between transactions. Each block holds its amount at both ends and its number, so a torn or misplaced block shows.
 */
final class SubvolumeLoad {

    static final int ACCOUNTS = 60;
    private static final int LAST_LONG = BLOCK - Long.BYTES;

    private final Subvolume subvolume;

    SubvolumeLoad(Subvolume subvolume) {
        this.subvolume = subvolume;
    }

    /** Numbers the accounts, a few in one transaction. */
    void open() {
        for (int first = 0; first < ACCOUNTS; first += 10) {
            try (Transaction transaction = subvolume.begin(10)) {
                for (int account = first; account < first + 10; account++) {
                    set(transaction, account, 0);
                }
                transaction.commit();
            }
        }
        subvolume.sync();
    }

    private static void set(Transaction transaction, int account, long amount) {
        var block = transaction.change(account);
        block.set(JAVA_LONG.withOrder(ByteOrder.BIG_ENDIAN), 0, amount);
        block.set(JAVA_LONG.withOrder(ByteOrder.BIG_ENDIAN), LAST_LONG, amount);
        block.set(JAVA_LONG.withOrder(ByteOrder.BIG_ENDIAN), 8, account);
    }

    private static long get(Transaction transaction, int account) {
        return transaction.join(account).memory().get(JAVA_LONG.withOrder(ByteOrder.BIG_ENDIAN), 0);
    }

    /** Moves an amount along some accounts; answers {@code false} when there was no space to begin. */
    boolean move(SplittableRandom random) {
        int[] accounts = random.ints(0, ACCOUNTS)
                .distinct()
                .limit(2 + random.nextInt(3))
                .sorted()
                .toArray();
        try (Transaction transaction = subvolume.begin(accounts.length + random.nextInt(3))) {
            long left = 0;
            for (int i = 0; i < accounts.length; i++) {
                long amount = i == accounts.length - 1 ? -left : random.nextLong(-1000, 1000);
                left += amount;
                set(transaction, accounts[i], get(transaction, accounts[i]) + amount);
            }
            transaction.commit();
            return true;
        } catch (BlockSpaceException e) {
            if (e.code() != Code.OUT_OF_SPACE) {
                throw e;
            }
            return false;
        }
    }

    /** Asserts whole blocks and, if asked, that no transaction is there in part. */
    static void check(TestIo io, boolean wholeTransactions) {
        ByteBuffer all = ByteBuffer.wrap(io.read(0, ACCOUNTS * BLOCK));
        long sum = 0;
        for (int account = 0; account < ACCOUNTS; account++) {
            long amount = all.getLong(account * BLOCK);
            if (amount != all.getLong(account * BLOCK + LAST_LONG) || all.getLong(account * BLOCK + 8) != account) {
                throw new AssertionError("block is torn or misplaced: account=" + account);
            }
            sum += amount;
        }
        if (wholeTransactions && sum != 0) {
            throw new AssertionError("a transaction is there in part: sum=" + sum);
        }
    }
}
