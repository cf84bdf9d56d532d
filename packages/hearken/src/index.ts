export * from '@hearken/client-kafkajs';
export * from '@hearken/core';
export * from '@hearken/executor';
export * from '@hearken/listener';
export * from '@hearken/priority';
export * from '@hearken/template';
