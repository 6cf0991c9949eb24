package io.blkspc.cli.attach;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What doctor says of attach. */
class AttachAbilityTest {

    @Test
    void theCapabilityIsReadFromTheStatusOfTheProcess() {
        assertThat(AttachAbility.mayAttach("Name:\tx\nCapEff:\t000001ffffffffff\nSeccomp:\t0\n"))
                .isTrue();
        assertThat(AttachAbility.mayAttach("CapEff:\t0000000000200000\n")).isTrue();
        assertThat(AttachAbility.mayAttach("CapEff:\t00000000ffdfffff\n")).isFalse();
        assertThat(AttachAbility.mayAttach("CapPrm:\t000001ffffffffff\n")).isFalse();
    }

    @Test
    void whereItCannotWorkTheReasonIsSaid() {
        AttachAbility ability = AttachAbility.examine();
        assertThat(ability.facts()).isNotBlank();
        assertThat(ability.isThere()
                        || ability.facts().contains("nbd")
                        || ability.facts().contains("root")
                        || ability.facts().contains("netlink"))
                .as(ability.facts())
                .isTrue();
    }
}
