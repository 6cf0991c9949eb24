package io.blkspc.xfsish.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.client.ForwardingSpace;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.TestIo;
import io.blkspc.api.model.ModelHost;
import io.blkspc.api.model.ModelOptions;
import io.blkspc.xfsish.check.CheckReport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A removal is several transactions. Whichever of them finds no space, and whether the file system is unmounted or dies then: what
 * is left is sound, and the next mount finishes it.
 */
class UnfinishedRemovalTest {

    private static final int MOST_RESERVATIONS = 40;

    /** What is removed. */
    enum Kind {
        FILE,
        LONG_FILE,
        LINK,
        DIRECTORY;

        void make(FileSystem files) {
            switch (this) {
                case FILE -> {
                    files.create("/x", 0644);
                    files.write("/x", 0, TreeDriver.segment(new byte[9000]), 0, 9000);
                    files.setAttribute("/x", "user.a", new byte[10]);
                }
                case LONG_FILE -> {
                    files.create("/x", 0644);
                    for (int i = 0; i < 300; i++) {
                        files.write("/x", i * 8192L, TreeDriver.segment(new byte[4096]), 0, 4096);
                    }
                }
                case LINK -> files.symlink("somewhere", "/x");
                case DIRECTORY -> {
                    files.mkdir("/x", 0755);
                    files.create("/x/y", 0644);
                    files.unlink("/x/y");
                }
            }
        }

        void remove(FileSystem files) {
            if (this == DIRECTORY) {
                files.rmdir("/x");
            } else {
                files.unlink("/x");
            }
        }
    }

    /** Grants so many reservations and no more. */
    private static final class Granting extends ForwardingSpace {
        int left = Integer.MAX_VALUE;

        Granting(BlockSpace below) {
            super(below);
        }

        @Override
        public Cookie reserve(int allocCount, int blockSizeBytes) {
            if (left-- <= 0) {
                left = 0;
                throw new BlockSpaceException(Code.OUT_OF_SPACE, "no more for now");
            }
            return super.reserve(allocCount, blockSizeBytes);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whichStepFoundNoSpaceTheNextMountFinishesIt(Kind kind) {
        int unfinished = 0;
        for (int granted = 0; granted <= MOST_RESERVATIONS; granted++) {
            for (boolean dies : new boolean[] {false, true}) {
                unfinished += removeWith(kind, granted, dies);
            }
        }
        assertThat(unfinished).isPositive();
    }

    /** Answers how many inodes without a name were left. */
    private static int removeWith(Kind kind, int granted, boolean dies) {
        ModelHost host = ModelOptions::defaults;
        try (Fixture fixture = host.fixture(FileSystemOracleTest.POOL)) {
            Granting space = new Granting(fixture.space());
            FileSystemOracleTest.mkfs(space, 1000);
            FileSystem files = FileSystemOracleTest.mount(space);
            kind.make(files);
            files.checkpoint();
            space.left = granted;
            Code refused = TestIo.codeOf(() -> kind.remove(files));
            assertThat(refused).isIn(null, Code.OUT_OF_SPACE);
            boolean isGone = refused == null;
            assertThat(files.list("/").isEmpty()).isEqualTo(isGone);
            if (dies) {
                files.sync();
                files.shutDown();
            } else {
                files.close();
            }
            space.left = Integer.MAX_VALUE;
            CheckReport left = FileSystemOracleTest.clean(space);
            FileSystem again = FileSystemOracleTest.mount(space);
            assertThat(again.list("/").isEmpty()).isEqualTo(isGone);
            assertThat(again.space().usedInodes()).isEqualTo(isGone ? 1 : 2);
            again.close();
            assertThat(FileSystemOracleTest.clean(space).unlinked()).isZero();
            return left.unlinked() > 0 ? 1 : 0;
        }
    }
}
