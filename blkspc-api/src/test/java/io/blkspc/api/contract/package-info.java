/**
 * What every host must do, as tests: one small interface per topic, run on the model host here and on the real one in its
 * own module. {@link io.blkspc.api.contract.TestIo} is the tiny client that they and other tests use.
 */
package io.blkspc.api.contract;
