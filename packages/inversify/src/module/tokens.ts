/** What every listener bean is bound under, beside its class. `listenersModule` does it. */
export const KAFKA_LISTENER_BEAN = Symbol.for('hearken:listener-bean');

/** What every bean is bound under that the application starts and stops, beside its class. `lifecycleModule` does it. */
export const LIFECYCLE_BEAN = Symbol.for('hearken:lifecycle-bean');

/** What `kafkaModule` was told and made of it. */
export const KAFKA_SETUP = Symbol.for('hearken:setup');
