package io.blkspc.host.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** The suites against planted mistakes. */
class MutantTest {

    /** A list whose places are gone would look like one whose mistakes are all found. */
    @Test
    void everyMutantStillHasItsPlace() throws IOException {
        List<Mutant> mutants = Mutant.list();
        Set<String> ids = new HashSet<>();
        for (Mutant mutant : mutants) {
            assertThat(ids.add(mutant.id())).as("one id twice: %s", mutant.id()).isTrue();
            assertThat(mutant.mutated()).isNotEmpty();
            for (String test : mutant.tests()) {
                String type = "io.blkspc.host." + test.replaceFirst("#.*", "");
                assertThat(exists(type)).as("%s of %s", type, mutant.id()).isTrue();
            }
        }
        assertThat(mutants).hasSizeGreaterThanOrEqualTo(40);
    }

    private static boolean exists(String type) {
        try {
            Class.forName(type, false, MutantTest.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    static boolean isAsked() {
        return Boolean.getBoolean("blkspc.release") || System.getProperty("blkspc.mutants") != null;
    }

    /** One by one with {@code -Dblkspc.mutants=id,id}; all of them in the long proofs. */
    @Test
    @EnabledIf(value = "isAsked", disabledReason = "a long proof: blkspc.release, or blkspc.mutants=ID,...")
    void everyMutantIsKilled() throws IOException, InterruptedException {
        String asked = System.getProperty("blkspc.mutants", "");
        List<String> ids = asked.isEmpty() ? List.of() : Arrays.asList(asked.split("[ ,]+"));
        String classpath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> survivors = new ArrayList<>();
        int run = 0;
        try (MutantCampaign campaign = new MutantCampaign(classpath)) {
            for (Mutant mutant : Mutant.list()) {
                if (ids.isEmpty() || ids.contains(mutant.id())) {
                    run++;
                    MutantCampaign.Outcome outcome = campaign.run(mutant);
                    System.out.printf(
                            "mutant %-32s %-9s %s%n",
                            mutant.id(), outcome.killed() ? "killed" : "SURVIVED", outcome.facts());
                    if (!outcome.killed()) {
                        survivors.add(mutant.id());
                    }
                }
            }
        }
        assertThat(run).as("mutants asked for: %s", asked).isPositive();
        assertThat(survivors).as("mistakes the suites do not notice").isEmpty();
    }
}
