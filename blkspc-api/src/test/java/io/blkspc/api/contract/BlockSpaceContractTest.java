package io.blkspc.api.contract;

/** Every contract. A host's module makes one subclass for each way it can be configured. */
public abstract class BlockSpaceContractTest
        implements ReserveContract,
                ReservableContract,
                CookieContract,
                MapContract,
                AllocateContract,
                CommitContract,
                SnapshotCloneContract,
                DestroyContract,
                RenameRollbackContract,
                ChangedSinceContract,
                DiscardZeroContract,
                LeaseContract,
                ErrorsContract,
                SpaceAccountingContract,
                QuotaContract,
                WholeGuaranteeContract,
                GrowContract,
                ResizeContract,
                HoldContract,
                JobsContract,
                EventsContract {}
