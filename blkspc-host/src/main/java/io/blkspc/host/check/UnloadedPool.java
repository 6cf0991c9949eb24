package io.blkspc.host.check;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.host.check.CheckReport.Finding;
import io.blkspc.host.core.Loss;
import io.blkspc.host.core.PoolOpening;
import io.blkspc.host.core.Salvage;
import java.util.ArrayList;
import java.util.List;

/** What a check says of a pool whose metadata damage keeps from being loaded. Nothing can be compared, so nothing is counted. */
final class UnloadedPool {

    private UnloadedPool() {}

    /** {@code true} for bytes that fail verification; every other failure says nothing about them. */
    static boolean isDamage(BlockSpaceException problem) {
        return problem.code() == Code.NEEDS_CHECK || problem.code() == Code.CORRUPT;
    }

    /**
     * The damage that ended the loading, and after it all that a salvage cannot read.
     *
     * @throws BlockSpaceException when the salvage fails of something else than damage
     */
    static CheckReport report(PoolOpening opening, BlockSpaceException first) {
        List<Finding> findings = new ArrayList<>();
        findings.add(finding(first));
        boolean isCleanStop = false;
        try {
            Salvage salvage = opening.salvage();
            isCleanStop = salvage.isCleanStop();
            salvage.unreadable().forEach(loss -> findings.add(finding(loss)));
        } catch (BlockSpaceException refused) {
            if (!isDamage(refused)) {
                throw refused;
            }
            Finding last = finding(refused);
            if (!findings.contains(last)) {
                findings.add(last);
            }
        }
        return new CheckReport(List.copyOf(findings), 0, 0, 0, 0, 0, isCleanStop);
    }

    private static Finding finding(BlockSpaceException problem) {
        return problem instanceof CorruptSpaceException damage
                ? new Finding(damage.structure(), "offset=" + damage.offsetBytes(), damage.getMessage())
                : new Finding("pool", "metadata", problem.getMessage());
    }

    private static Finding finding(Loss loss) {
        if (loss.volume() == null) {
            return new Finding("pool", "metadata", loss.reason());
        }
        return new Finding(
                "volume",
                loss.volume() + " offset=" + loss.offsetBytes() + " length=" + loss.lengthBytes(),
                loss.reason());
    }
}
